//! What can a scanner do, and how is it told what to do?

use super::xml::Document;
use crate::drive::Stopped;
use crate::fault::Fault;

pub const PLATEN: &str = "Platen";
const ADF: &str = "ADF";
const DUPLEX: &str = "ADF Duplex";

/// A place that paper can lie in, and where the capabilities tell of it.
#[derive(Clone, Copy)]
pub struct Source {
    pub name: &'static str,
    element: &'static str,
    input: &'static str,
}

const SOURCES: [Source; 3] = [
    Source { name: ADF, element: "AdfSimplexInputCaps", input: "Feeder" },
    Source { name: DUPLEX, element: "AdfDuplexInputCaps", input: "Feeder" },
    Source { name: PLATEN, element: "PlatenInputCaps", input: "Platen" },
];

/// What a scanner can do.
pub struct Abilities(pub Document);

impl Abilities {
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        SOURCES.into_iter().filter(|source| self.0.has(source.element))
    }

    /// A feeder, where there is one and nothing else is asked for.
    pub fn source(&self, asked: Option<&str>) -> Result<Source, Stopped> {
        let names = || self.sources().map(|source| source.name).collect::<Vec<_>>().join(", ");
        let found = self.sources().find(|source| asked.is_none_or(|name| name.eq_ignore_ascii_case(source.name)));
        found.ok_or_else(|| Stopped::new(Fault::Other, format!("the scanner has no such source; it has {}", names())))
    }

    /// Those that fit a JPEG, which every device gives.
    pub fn modes(&self, source: Source) -> Vec<String> {
        let modes = self.0.all_in(source.element, "ColorMode").into_iter();
        modes.filter(|mode| ["Grayscale8", "RGB24"].contains(mode)).map(str::to_owned).collect()
    }

    pub fn mode(&self, source: Source, asked: Option<&str>) -> Result<String, Stopped> {
        let modes = self.modes(source);
        let spelt = |mode: &&String| asked.is_none_or(|asked| mode.to_lowercase().starts_with(&spelling(asked)));
        let found = modes.iter().find(spelt).cloned();
        found.ok_or_else(|| {
            Stopped::new(Fault::Other, format!("the scanner has no such mode; it has {}", modes.join(", ")))
        })
    }

    pub fn resolutions(&self, source: Source) -> Vec<u32> {
        let mut found: Vec<u32> =
            self.0.all_in(source.element, "XResolution").iter().filter_map(|dpi| dpi.parse().ok()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// 300, or what comes nearest, where nothing is asked for.
    pub fn resolution(&self, source: Source, asked: Option<&str>) -> Result<u32, Stopped> {
        let found = self.resolutions(source);
        let Some(asked) = asked else {
            return Ok(found.into_iter().min_by_key(|dpi| dpi.abs_diff(300)).unwrap_or(300));
        };
        let exact = asked.parse().ok().filter(|dpi| found.is_empty() || found.contains(dpi));
        exact.ok_or_else(|| {
            Stopped::new(Fault::Other, format!("the scanner has no such resolution; it has {found:?} dpi"))
        })
    }

    /// The whole of what the source takes, in 1/300 in.
    pub fn settings(&self, source: Source, mode: &str, dpi: u32) -> String {
        let size = |name: &str, most: u32| {
            let sides = self.0.all_in(source.element, name);
            sides.first().and_then(|side| side.parse::<u32>().ok()).unwrap_or(most)
        };
        let (width, height) = (size("MaxWidth", 2_550), size("MaxHeight", 3_300));
        let duplex = source.name == DUPLEX;
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<scan:ScanSettings xmlns:pwg="http://www.pwg.org/schemas/2010/12/sm" xmlns:scan="http://schemas.hp.com/imaging/escl/2011/05/03">
<pwg:Version>2.0</pwg:Version><scan:Intent>Document</scan:Intent>
<pwg:ScanRegions><pwg:ScanRegion><pwg:XOffset>0</pwg:XOffset><pwg:YOffset>0</pwg:YOffset><pwg:Width>{width}</pwg:Width>
<pwg:Height>{height}</pwg:Height><pwg:ContentRegionUnits>escl:ThreeHundredthsOfInches</pwg:ContentRegionUnits>
</pwg:ScanRegion></pwg:ScanRegions>
<pwg:InputSource>{}</pwg:InputSource><scan:Duplex>{duplex}</scan:Duplex><scan:ColorMode>{mode}</scan:ColorMode>
<scan:XResolution>{dpi}</scan:XResolution><scan:YResolution>{dpi}</scan:YResolution>
<pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat><scan:DocumentFormatExt>image/jpeg</scan:DocumentFormatExt>
</scan:ScanSettings>"#,
            source.input
        )
    }
}

/// SANE's words for the same.
fn spelling(mode: &str) -> String {
    match mode.to_lowercase().as_str() {
        "color" | "colour" => "rgb24".into(),
        "gray" | "grey" => "grayscale8".into(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPABILITIES: &str = r#"<scan:ScannerCapabilities xmlns:scan="s" xmlns:pwg="p">
        <pwg:MakeAndModel>A &amp; B</pwg:MakeAndModel>
        <scan:Platen><scan:PlatenInputCaps><scan:MaxWidth>2550</scan:MaxWidth><scan:MaxHeight>3508</scan:MaxHeight>
        <scan:ColorMode>RGB24</scan:ColorMode><scan:XResolution>600</scan:XResolution></scan:PlatenInputCaps></scan:Platen>
        <scan:Adf><scan:AdfSimplexInputCaps><scan:ColorMode>BlackAndWhite1</scan:ColorMode>
        <scan:ColorMode>Grayscale8</scan:ColorMode><scan:ColorMode>RGB24</scan:ColorMode>
        <scan:XResolution>200</scan:XResolution><scan:XResolution>300</scan:XResolution></scan:AdfSimplexInputCaps></scan:Adf>
        </scan:ScannerCapabilities>"#;

    #[test]
    fn a_feeder_goes_before_the_platen_and_words_of_sane_are_understood() {
        let able = Abilities(Document::parse(CAPABILITIES).expect("well formed"));
        let Ok(adf) = able.source(None) else { panic!("a feeder") };
        assert_eq!(
            (adf.name, able.modes(adf), able.resolutions(adf)),
            (ADF, vec!["Grayscale8".into(), "RGB24".into()], vec![200, 300])
        );
        assert!(matches!(able.mode(adf, Some("Color")).as_deref(), Ok("RGB24")));
        assert!(matches!(able.resolution(adf, None), Ok(300)));
        assert!(able.resolution(adf, Some("1200")).is_err() && able.source(Some(DUPLEX)).is_err());
        let Ok(platen) = able.source(Some("platen")) else { panic!("a platen") };
        let settings = able.settings(platen, "RGB24", 600);
        assert!(settings.contains("<pwg:Height>3508<") && settings.contains("<pwg:InputSource>Platen<"), "{settings}");
    }
}
