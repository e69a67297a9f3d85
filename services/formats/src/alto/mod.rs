//! The text of a page, kept as ALTO 4: words with boxes and confidences, and how they were read.
//!
//! Format: <https://www.loc.gov/standards/alto/v4/alto-4-4.xsd>. Units are pixels of the master image. What ALTO has
//! no element for (model, digest, language, rotation, skew, recipe) stands as `name=value` lines in
//! `processingStepSettings`, so that [`parse`] gives back exactly what [`write`] was given.

mod parse;
mod write;

pub use parse::{AltoError, parse};
pub use write::write;

const NAMESPACE: &str = "http://www.loc.gov/standards/alto/ns-v4#";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use record::PageId;
    use record::words::{Block, Box, Engine, Line, PageText, Word};

    use super::*;

    fn page_id() -> PageId {
        PageId::derived([b"a page".as_slice()])
    }

    pub(super) fn sample() -> PageText {
        let word = |text: &str, x, confidence| Word::read(text, Box { x, y: 40, w: 90, h: 30 }, confidence);
        let line = Line::of(vec![word("Größe", 10, 96), word("<5&\"'", 120, 7), word("mg", 230, 100)]);
        PageText {
            width: 2480,
            height: 3508,
            rotation: 90,
            skew_centidegrees: -137,
            language: "eng+deu".into(),
            engine: Engine {
                name: "Tesseract".into(),
                version: "5.3.0".into(),
                model: "eng".into(),
                model_digest: "sha256:ab".into(),
                recipe: "psm=3 dpi=300".into(),
                generation: 1,
            },
            blocks: vec![Block::of(vec![line, Line::default()]), Block::default()],
            ..PageText::default()
        }
    }

    #[test]
    fn what_was_written_comes_back() {
        let text = sample();
        let xml = write(&text, page_id());
        assert_eq!(parse(xml.as_bytes()), Ok(text));
        assert!(xml.contains(r#"CONTENT="&lt;5&amp;&quot;&apos;""#), "{xml}");
        assert!(xml.contains(r#"WC="0.07""#), "{xml}");
    }

    #[test]
    fn control_characters_do_not_reach_the_file() {
        let mut text = sample();
        text.blocks[0].lines[0].words[0].text = "a\u{0}b\u{1b}\u{fffe}c\n".into();
        let again = parse(write(&text, page_id()).as_bytes()).expect("still well-formed");
        assert_eq!(again.words().next().map(|word| word.text.as_str()), Some("abc"));
    }

    #[test]
    fn hostile_files_are_errors() {
        let good = write(&sample(), page_id());
        let wrong = [
            String::new(),
            "no XML".into(),
            "<html/>".into(),
            good[..good.len() / 2].into(),
            good.replace(r#"HPOS="120""#, r#"HPOS="4294967290""#),
            good.replace(r#"HPOS="120""#, r#"HPOS="-1""#),
            good.replace("pixel", "mm10"),
            good.replace("ns-v4#", "ns-v2#"),
            good.replacen("<alto", "<!DOCTYPE alto [<!ENTITY a \"b\">]><alto", 1),
            good.replace("&lt;", "&a;"),
            "<a>".repeat(100_000),
        ];
        for (n, file) in wrong.iter().enumerate() {
            assert!(parse(file.as_bytes()).is_err(), "file {n} passed");
        }
        assert!(parse(b"\xff\xfe<").is_err());
    }

    fn text() -> impl Strategy<Value = PageText> {
        let place = (0..9_000_u32, 0..9_000_u32, 0..500_u32, 0..500_u32);
        let word = ("[^\\p{C}\u{fffe}\u{ffff}]{0,12}", place, 0..=100_u8)
            .prop_map(|(text, (x, y, w, h), confidence)| Word::read(text, Box { x, y, w, h }, confidence));
        let line = prop::collection::vec(word, 0..5).prop_map(|words| Line::of(words));
        let block = prop::collection::vec(line, 0..4).prop_map(Block::of);
        let blocks = prop::collection::vec(block, 0..4);
        let name = "[ -~äß€]{0,16}";
        let engine = (name, name, name, name, name).prop_map(|(name, version, model, model_digest, recipe)| Engine {
            name,
            version,
            model,
            model_digest,
            recipe,
            generation: 2,
        });
        let turn = prop::sample::select(vec![0_u16, 90, 180, 270]);
        (1..60_000_u32, 1..60_000_u32, turn, -1_000..1_000_i32, name, engine, blocks).prop_map(
            |(width, height, rotation, skew_centidegrees, language, engine, blocks)| PageText {
                width,
                height,
                rotation,
                skew_centidegrees,
                language,
                engine,
                blocks,
                ..PageText::default()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_text_comes_back(text in text()) {
            prop_assert_eq!(parse(write(&text, page_id()).as_bytes()), Ok(text));
        }

        #[test]
        fn mutated_bytes_never_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut bytes = write(&sample(), page_id()).into_bytes();
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = parse(&bytes);
        }
    }
}
