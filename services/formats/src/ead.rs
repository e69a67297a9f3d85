//! How does an archive's finding aid of reels leave? As EAD 3 (Society of American Archivists, Encoded Archival Description,
//! EAD3 1.1.2) or EAD 2002, which most programs still take.
//!
//! Both have the same levels: the collection, and in it each reel as an item. What EAD says in an element of its own in both
//! (extent, place, dates, arrangement) stands there; film, polarity and reduction are physical facets.

use std::fmt::{Result, Write as _};

use record::Timestamp;
use record::film::{Film, Order, Polarity};

use crate::xml::clean;

/// The whole list.
pub struct FindingAid {
    /// Who keeps the reels.
    pub agency: String,
    /// The ledger's name, which tells this archive from others.
    pub log: String,
    pub made: Timestamp,
    pub reels: Vec<Held>,
}

/// A reel, as strangers may know of it.
pub struct Held {
    pub label: String,
    pub film: Film,
    pub polarity: Option<Polarity>,
    pub reduction: Option<u32>,
    pub carton: Option<String>,
    pub shelf: Option<String>,
    pub order: Option<Order>,
    pub frames: u64,
    pub documents: u64,
    /// Of the documents' days of service, the first and the last.
    pub years: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Ead3,
    Ead2002,
}

impl Form {
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Ead3 => "reels.ead3.xml",
            Self::Ead2002 => "reels.ead.xml",
        }
    }
}

const TITLE: &str = "Charts on microfilm";

impl FindingAid {
    pub fn write(&self, form: Form) -> String {
        let mut xml = String::with_capacity(2_000 + 800 * self.reels.len());
        // Writing to a string cannot fail; `fmt::Result` only satisfies the trait.
        let _ = self.document(&mut xml, form);
        xml
    }

    fn document(&self, xml: &mut String, form: Form) -> Result {
        writeln!(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        match form {
            Form::Ead3 => {
                writeln!(xml, "<ead xmlns=\"http://ead3.archivists.org/schema/\">")?;
                self.control(xml)?;
            }
            Form::Ead2002 => {
                writeln!(xml, "<ead xmlns=\"urn:isbn:1-931666-22-9\">")?;
                self.header(xml)?;
            }
        }
        self.collection(xml, form)?;
        writeln!(xml, "</ead>")
    }

    /// EAD 3: what this file is, and how it came about.
    fn control(&self, xml: &mut String) -> Result {
        let (agency, log, made) = (clean(&self.agency), clean(&self.log), self.made);
        writeln!(xml, "<control><recordid>{log}</recordid>")?;
        writeln!(xml, "<filedesc><titlestmt><titleproper>{TITLE}</titleproper></titlestmt></filedesc>")?;
        writeln!(xml, "<maintenancestatus value=\"derived\"/>")?;
        writeln!(xml, "<maintenanceagency><agencyname>{agency}</agencyname></maintenanceagency>")?;
        writeln!(xml, "<maintenancehistory><maintenanceevent><eventtype value=\"derived\"/>")?;
        writeln!(xml, "<eventdatetime standarddatetime=\"{made}\">{made}</eventdatetime>")?;
        writeln!(
            xml,
            "<agenttype value=\"machine\"/><agent>Chartroom</agent></maintenanceevent></maintenancehistory></control>"
        )
    }

    /// EAD 2002: the same.
    fn header(&self, xml: &mut String) -> Result {
        let (agency, log, made) = (clean(&self.agency), clean(&self.log), self.made);
        writeln!(xml, "<eadheader><eadid>{log}</eadid>")?;
        writeln!(xml, "<filedesc><titlestmt><titleproper>{TITLE}</titleproper></titlestmt>")?;
        writeln!(xml, "<publicationstmt><publisher>{agency}</publisher></publicationstmt></filedesc>")?;
        writeln!(xml, "<profiledesc><creation>Chartroom, <date>{made}</date></creation></profiledesc></eadheader>")
    }

    fn collection(&self, xml: &mut String, form: Form) -> Result {
        let (agency, log) = (clean(&self.agency), clean(&self.log));
        writeln!(xml, "<archdesc level=\"collection\"><did>")?;
        writeln!(xml, "<repository><corpname>{}</corpname></repository>", part(&agency, form))?;
        writeln!(xml, "<unittitle>{TITLE}</unittitle><unitid>{log}</unitid>")?;
        if let Some((from, to)) = self.years() {
            dates(xml, &from, &to, form)?;
        }
        extent(xml, &[(self.reels.len() as u64, "reels")], &[], form)?;
        writeln!(xml, "</did>")?;
        // Both want at least one reel in the list of them.
        if !self.reels.is_empty() {
            writeln!(xml, "{}", if form == Form::Ead3 { "<dsc>" } else { "<dsc type=\"in-depth\">" })?;
            self.reels.iter().try_for_each(|reel| reel.item(xml, form))?;
            writeln!(xml, "</dsc>")?;
        }
        writeln!(xml, "</archdesc>")
    }

    fn years(&self) -> Option<(String, String)> {
        let years = || self.reels.iter().filter_map(|reel| reel.years.as_ref());
        Some((years().map(|(from, _)| from.clone()).min()?, years().map(|(_, to)| to.clone()).max()?))
    }
}

impl Held {
    fn item(&self, xml: &mut String, form: Form) -> Result {
        let label = clean(&self.label);
        writeln!(xml, "<c01 level=\"item\"><did><unitid>{label}</unitid><unittitle>Reel {label}</unittitle>")?;
        if let Some((from, to)) = &self.years {
            dates(xml, from, to, form)?;
        }
        extent(xml, &[(self.frames, "frames"), (self.documents, "documents")], &self.facets(), form)?;
        let place = [("box", &self.carton), ("shelf", &self.shelf)];
        let place = place.iter().filter_map(|(what, name)| Some(format!("{what} {}", name.as_ref()?)));
        let place = place.collect::<Vec<_>>().join(", ");
        if !place.is_empty() {
            writeln!(xml, "<physloc>{}</physloc>", clean(&place))?;
        }
        writeln!(xml, "</did>")?;
        if let Some(order) = self.order {
            writeln!(xml, "<arrangement><p>Charts stand {}.</p></arrangement>", explain(order))?;
        }
        writeln!(xml, "</c01>")
    }

    fn facets(&self) -> Vec<String> {
        let polarity = self.polarity.map(|polarity| polarity.as_str().to_owned());
        let reduction = self.reduction.map(|reduction| format!("{reduction}×"));
        [Some(self.film.as_str().to_owned()), polarity, reduction].into_iter().flatten().collect()
    }
}

const fn explain(order: Order) -> &'static str {
    match order {
        Order::TerminalDigit => "by the terminal digits of their numbers",
        Order::Numeric => "by their numbers",
        Order::Alphabetical => "by name",
    }
}

/// EAD 3 knows names by their parts only.
fn part(name: &str, form: Form) -> String {
    if form == Form::Ead3 { format!("<part>{name}</part>") } else { name.to_owned() }
}

fn dates(xml: &mut String, from: &str, to: &str, form: Form) -> Result {
    let text = if from == to { from.to_owned() } else { format!("{from}–{to}") };
    match form {
        Form::Ead3 => writeln!(
            xml,
            "<unitdatestructured><daterange><fromdate standarddate=\"{from}\">{from}</fromdate>\
             <todate standarddate=\"{to}\">{to}</todate></daterange></unitdatestructured>"
        ),
        Form::Ead2002 => writeln!(xml, "<unitdate normal=\"{from}/{to}\">{text}</unitdate>"),
    }
}

fn extent(xml: &mut String, counts: &[(u64, &str)], facets: &[String], form: Form) -> Result {
    let facet = clean(&facets.join(", "));
    match form {
        Form::Ead3 => {
            for (count, unit) in counts {
                writeln!(xml, "<physdescstructured physdescstructuredtype=\"materialtype\" coverage=\"whole\">")?;
                write!(xml, "<quantity>{count}</quantity><unittype>{unit}</unittype>")?;
                if !facet.is_empty() && *unit == "frames" {
                    write!(xml, "<physfacet>{facet}</physfacet>")?;
                }
                writeln!(xml, "</physdescstructured>")?;
            }
            Ok(())
        }
        Form::Ead2002 => {
            write!(xml, "<physdesc>")?;
            counts.iter().try_for_each(|(count, unit)| write!(xml, "<extent>{count} {unit}</extent>"))?;
            if !facet.is_empty() {
                write!(xml, "<physfacet>{facet}</physfacet>")?;
            }
            writeln!(xml, "</physdesc>")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aid(reels: Vec<Held>) -> FindingAid {
        FindingAid {
            agency: "St. Ansgar <Records>".into(),
            log: "log.test/1".into(),
            made: Timestamp(1_700_000_000_000),
            reels,
        }
    }

    #[test]
    fn a_reel_is_an_item_in_both_forms() {
        let reel = || Held {
            label: "MF-0231".into(),
            film: Film::Simplex16,
            polarity: Some(Polarity::Negative),
            reduction: Some(24),
            carton: Some("14".into()),
            shelf: Some("C3 & up".into()),
            order: Some(Order::TerminalDigit),
            frames: 2_486,
            documents: 31,
            years: Some(("1974".into(), "1981".into())),
        };
        let ead3 = aid(vec![reel()]).write(Form::Ead3);
        for there in
            ["<unitid>MF-0231</unitid>", "<quantity>2486</quantity>", "16mm-simplex, negative, 24×", "C3 &amp; up"]
        {
            assert!(ead3.contains(there), "{there} is not in {ead3}");
        }
        let ead = aid(vec![reel()]).write(Form::Ead2002);
        for there in ["<extent>2486 frames</extent>", "normal=\"1974/1981\"", "terminal digits", "&lt;Records&gt;"] {
            assert!(ead.contains(there), "{there} is not in {ead}");
        }
        assert!(!aid(Vec::new()).write(Form::Ead3).contains("<dsc>"));
    }
}
