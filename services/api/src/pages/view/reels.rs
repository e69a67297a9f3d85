//! Reels of film: the list, one reel chart by chart, and the screen on which a frame is cut another way.

use askama::Template;

use super::frame::Frame;
use super::sheet::Sheet;
use super::{encoded, filters};

/// A reel on the list.
#[derive(Debug, Clone)]
pub struct ReelRow {
    pub label: String,
    /// Film, polarity, reduction.
    pub film: String,
    /// Box and shelf.
    pub place: String,
    pub frames: u64,
    pub documents: u64,
    pub unfiled: u64,
}

impl ReelRow {
    pub fn href(&self) -> String {
        format!("/reels?reel={}", encoded(&self.label))
    }

    /// How many of its documents are not filed, in words.
    pub fn not_filed(&self) -> String {
        match self.unfiled {
            all if all == self.documents => "none".to_owned(),
            some => format!("{some} not yet"),
        }
    }
}

/// `/reels`.
#[derive(Template)]
#[template(path = "reels.html")]
pub struct ReelsPage {
    pub frame: Frame,
    pub reels: Vec<ReelRow>,
}

/// Frames in a row that are one patient's.
#[derive(Debug, Clone)]
pub struct ChartRow {
    pub href: String,
    /// `12-40`.
    pub frames: String,
    pub mrn: String,
    /// The number was read on a frame.
    pub read: bool,
    pub misplaced: bool,
    pub foreign: bool,
}

/// Where a document may begin.
#[derive(Debug, Clone)]
pub struct BeginRow {
    /// The first frame's place in the document.
    pub number: u32,
    pub frames: String,
    pub href: String,
    pub mrn: String,
    pub proposed: bool,
    pub misplaced: bool,
}

/// Asks where the documents begin that one document is to become.
#[derive(Debug, Clone)]
pub struct GroupForm {
    pub document: String,
    pub version: u32,
    pub frames: String,
    pub begins: Vec<BeginRow>,
}

impl GroupForm {
    /// What was read says so; else it is no more than possible.
    pub fn is_proposed(&self) -> bool {
        self.begins.iter().skip(1).any(|begin| begin.proposed)
    }
}

/// Takes that back.
#[derive(Debug, Clone)]
pub struct PutBackForm {
    pub document: String,
    pub version: u32,
    /// How many it became.
    pub documents: usize,
}

/// `/reels?reel=…`: may be printed, and put into the reel's box.
#[derive(Template)]
#[template(path = "reel.html")]
pub struct ReelPage {
    pub frame: Frame,
    pub reel: ReelRow,
    /// How charts stand on it, and which the box names.
    pub order: String,
    pub expected: Option<u32>,
    pub last: Option<u32>,
    /// Runs of frames that are in no document, in sentences' words.
    pub left_out: String,
    pub differences: Vec<String>,
    /// Documents that hold frames of several charts.
    pub groups: Vec<GroupForm>,
    /// Documents that were grouped, and may be put back.
    pub grouped: Vec<PutBackForm>,
    pub may_group: bool,
    /// Why it was not grouped.
    pub wrong: Option<String>,
    pub charts: Vec<ChartRow>,
    /// UTC.
    pub made: String,
}

/// `/pages/{page}/cut`.
#[derive(Template)]
#[template(path = "cut.html")]
pub struct CutPage {
    pub frame: Frame,
    pub page: String,
    /// `reel MF-0231, frame 100`.
    pub address: String,
    pub viewer: String,
    pub version: u32,
    /// What lies around the frame on its strip; the frame is lit.
    pub strip: Sheet,
    /// Of the strip, in pixels.
    pub size: (u32, u32),
    pub left: u32,
    pub top: u32,
    pub right: u32,
    pub bottom: u32,
    /// The film runs down the picture.
    pub tall: bool,
    /// Why it was not cut.
    pub wrong: Option<String>,
}

#[cfg(test)]
mod tests {
    use record::PageId;
    use record::words::Box;

    use super::super::hostile::{self, TEXT as HOSTILE};
    use super::*;

    fn text() -> String {
        HOSTILE.to_owned()
    }

    #[test]
    fn hostile_texts_stay_texts() {
        let reel = ReelRow { label: text(), film: text(), place: text(), frames: 1, documents: 1, unfiled: 1 };
        let list = ReelsPage { frame: Frame::bare("x"), reels: vec![reel.clone()] };
        hostile::assert_inert(&list.render().expect("renders"));
        let chart = ChartRow { href: text(), frames: text(), mrn: text(), read: true, misplaced: true, foreign: true };
        let begin = BeginRow { number: 1, frames: text(), href: text(), mrn: text(), proposed: true, misplaced: true };
        let group = GroupForm { document: text(), version: 1, frames: text(), begins: vec![begin] };
        let one = ReelPage {
            groups: vec![group],
            grouped: vec![PutBackForm { document: text(), version: 1, documents: 2 }],
            may_group: true,
            wrong: Some(text()),
            frame: Frame::bare("x"),
            reel,
            order: text(),
            expected: Some(1),
            last: None,
            left_out: text(),
            differences: vec![text()],
            charts: vec![chart],
            made: text(),
        };
        hostile::assert_inert(&one.render().expect("renders"));
        let whole = Box { x: 0, y: 0, w: 9, h: 9 };
        let strip = Sheet { src: text(), alt: text(), part: whole, lit: vec![whole] };
        let cut = CutPage {
            frame: Frame::bare("x"),
            page: PageId::derived([b"p".as_slice()]).to_string(),
            address: text(),
            viewer: text(),
            version: 1,
            strip,
            size: (9, 9),
            left: 0,
            top: 0,
            right: 9,
            bottom: 9,
            tall: false,
            wrong: Some(text()),
        };
        hostile::assert_inert(&cut.render().expect("renders"));
    }
}
