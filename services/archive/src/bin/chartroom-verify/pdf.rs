//! How does a report come to be printed and put into a file?
//!
//! Lines of Courier, one of the fonts that every reader of PDF has, on pages of A4 (ISO 32000-1, sections 7.5 and 9.6.2.2). Nothing in it
//! depends on anything but the lines.

const WIDTH: usize = 595;
const HEIGHT: usize = 842;
const MARGIN: usize = 48;
const FONT: usize = 9;
const LEADING: usize = 12;
/// A character of Courier is six tenths of its size wide.
const COLUMNS: usize = (WIDTH - 2 * MARGIN) * 10 / (FONT * 6);
/// One line is the page's number.
const LINES: usize = (HEIGHT - 2 * MARGIN) / LEADING - 2;

/// The whole file.
pub fn write(title: &str, text: &str) -> Vec<u8> {
    let lines: Vec<String> = text.lines().flat_map(wrap).collect();
    let pages: Vec<&[String]> = lines.chunks(LINES).collect();
    let kids: String = (0..pages.len()).map(|n| format!("{} 0 R ", 5 + 2 * n)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned().into_bytes(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()).into_bytes(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>".to_owned().into_bytes(),
        [b"<< /Title ".as_slice(), &literal(title), b" /Producer (chartroom-verify) >>"].concat(),
    ];
    for (n, page) in pages.iter().enumerate() {
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {} 0 R \
                 /Resources << /Font << /F 3 0 R >> >> >>",
                6 + 2 * n
            )
            .into_bytes(),
        );
        objects.push(stream(&content(page, &format!("{title} - page {} of {}", n + 1, pages.len()))));
    }
    file(&objects)
}

/// Breaks at the last space that fits; what is longer than a line, as a digest may be, anywhere.
fn wrap(line: &str) -> Vec<String> {
    let (mut rest, mut wrapped) = (line.trim_end().chars().collect::<Vec<_>>(), Vec::new());
    while rest.len() > COLUMNS {
        let at = rest[..COLUMNS].iter().rposition(|c| *c == ' ').filter(|at| *at > COLUMNS / 2).unwrap_or(COLUMNS);
        let after = rest.split_off(at);
        wrapped.push(rest.into_iter().collect());
        rest = "    ".chars().chain(after.into_iter().skip_while(|c| *c == ' ')).collect();
    }
    wrapped.push(rest.into_iter().collect());
    wrapped
}

fn content(lines: &[String], foot: &str) -> Vec<u8> {
    let mut content = format!("BT /F {FONT} Tf {LEADING} TL {MARGIN} {} Td\n", HEIGHT - MARGIN).into_bytes();
    for line in lines {
        content.extend([&literal(line), b" Tj T*\n".as_slice()].concat());
    }
    content.extend(format!("ET BT /F {FONT} Tf {MARGIN} {} Td ", MARGIN - LEADING).into_bytes());
    content.extend([&literal(foot), b" Tj ET\n".as_slice()].concat());
    content
}

/// A string in the encoding of the font: what Latin-1 does not have is a question mark.
fn literal(text: &str) -> Vec<u8> {
    let mut bytes = vec![b'('];
    for c in text.chars() {
        if matches!(c, '(' | ')' | '\\') {
            bytes.push(b'\\');
        }
        bytes.push(u8::try_from(c).ok().filter(|byte| *byte >= b' ' && !(0x7f..0xa0).contains(byte)).unwrap_or(b'?'));
    }
    bytes.push(b')');
    bytes
}

fn stream(content: &[u8]) -> Vec<u8> {
    let head = format!("<< /Length {} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"endstream"].concat()
}

/// Objects 1, 2, 3 …: the first is the catalog, the fourth says what the file is.
fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let (mut bytes, mut places) = (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec(), Vec::new());
    for (n, object) in (1..).zip(objects) {
        places.push(bytes.len());
        bytes.extend(format!("{n} 0 obj\n").into_bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let (start, count) = (bytes.len(), objects.len() + 1);
    bytes.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").into_bytes());
    for place in places {
        bytes.extend(format!("{place:010} 00000 n \n").into_bytes());
    }
    bytes.extend(
        format!("trailer\n<< /Size {count} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{start}\n%%EOF\n").into_bytes(),
    );
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_on_below_and_nothing_is_lost() {
        let line = format!("FINDING blob-wrong {} {}", "b".repeat(150), "and what to do ".repeat(20));
        let wrapped = wrap(&line);
        assert!(wrapped.len() > 3 && wrapped.iter().all(|line| line.chars().count() <= COLUMNS));
        let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
        assert_eq!(letters(&wrapped.concat()), letters(&line));
        assert_eq!(literal("a(b)\\ \u{e9} \u{20ac}"), b"(a\\(b\\)\\\\ \xe9 ?)");
    }
}
