//! Is there anything on this page but one image?
//!
//! Runs the content stream (section 8.2) as far as needed to know where the only image lies and what clips it. The
//! first thing that would leave a mark of its own ends the run: the page then has to be drawn.

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Object, Stream};

use super::geometry::{Area, Matrix, number};
use super::pages::PageView;

/// The content of a scan is short, but the invisible text of a dense page takes some.
const CONTENT_BYTES_MAX: usize = 16 * 1024 * 1024;
const OPERATIONS_MAX: usize = 1_000_000;
const FORM_DEPTH_MAX: usize = 5;
const STATES_MAX: usize = 256;

/// The page's only image.
pub(super) struct Placed<'a> {
    pub image: &'a Stream,
    pub matrix: Matrix,
    pub clip: Area,
}

/// # Errors
/// Why the page is not just one image.
pub(super) fn only_image<'a>(page: &PageView<'a>) -> Result<Placed<'a>, &'static str> {
    let content = page.content(CONTENT_BYTES_MAX).ok_or("its content is too long to look at")?;
    let mut run = Run { page, operations: 0, found: None };
    run.content(&content, page.resources(), State::default(), 0)?;
    run.found.ok_or("it has no image")
}

/// The part of the graphics state (section 8.4) that matters here.
#[derive(Clone, Copy)]
struct State {
    matrix: Matrix,
    clip: Area,
    text_mode: i64,
}

impl Default for State {
    fn default() -> Self {
        Self { matrix: Matrix::IDENTITY, clip: Area::EVERYWHERE, text_mode: 0 }
    }
}

struct Run<'p, 'a> {
    page: &'p PageView<'a>,
    operations: usize,
    found: Option<Placed<'a>>,
}

/// Corners of the path under construction, and whether it is going to clip.
#[derive(Default)]
struct Path {
    points: Vec<(f64, f64)>,
    curved: bool,
    clips: bool,
}

impl Path {
    /// The rectangle that the path is.
    fn rectangle(&self) -> Result<Area, &'static str> {
        let area = Area::around(&self.points);
        let near = |a: f64, b: f64| (a - b).abs() < 0.01;
        let is_corner = |&(x, y): &(f64, f64)| {
            (near(x, area.left) || near(x, area.right)) && (near(y, area.bottom) || near(y, area.top))
        };
        if self.curved || !(4..=5).contains(&self.points.len()) || !self.points.iter().all(is_corner) {
            return Err("it is clipped to a shape");
        }
        Ok(area)
    }
}

impl<'a> Run<'_, 'a> {
    fn content(
        &mut self,
        bytes: &[u8],
        resources: Option<&'a Dictionary>,
        mut state: State,
        depth: usize,
    ) -> Result<(), &'static str> {
        let operations = Content::decode(bytes).map_err(|_| "its content is damaged")?.operations;
        self.operations += operations.len();
        if self.operations > OPERATIONS_MAX {
            return Err("its content is too long to look at");
        }
        let (mut saved, mut path) = (Vec::new(), Path::default());
        for operation in &operations {
            match operation.operator.as_str() {
                "q" if saved.len() == STATES_MAX => return Err("its content is nested too deeply"),
                "q" => saved.push(state),
                "Q" => state = saved.pop().unwrap_or(state),
                "Do" => self.external(operation, resources, state, depth)?,
                "gs" => self.check_graphics_state(operation, resources)?,
                "BDC" if operation.operands.first().and_then(|tag| tag.as_name().ok()) == Some(b"OC") => {
                    return Err("it has layers");
                }
                _ => step(operation, &mut state, &mut path)?,
            }
        }
        Ok(())
    }

    fn resource(&self, resources: Option<&'a Dictionary>, kind: &[u8], operation: &Operation) -> Option<&'a Object> {
        let document = self.page.document;
        let name = operation.operands.first()?.as_name().ok()?;
        resources?.get_deref(kind, document).ok()?.as_dict().ok()?.get_deref(name, document).ok()
    }

    /// Section 8.8: an image, or a form with content of its own.
    fn external(
        &mut self,
        operation: &Operation,
        resources: Option<&'a Dictionary>,
        state: State,
        depth: usize,
    ) -> Result<(), &'static str> {
        let object = self.resource(resources, b"XObject", operation).ok_or("a part of it is missing")?;
        let stream = object.as_stream().map_err(|_| "a part of it is missing")?;
        if stream.dict.has(b"OC") {
            return Err("it has layers");
        }
        match stream.dict.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Image") if self.found.is_some() => Err("it has several images"),
            Ok(b"Image") => {
                self.found = Some(Placed { image: stream, matrix: state.matrix, clip: state.clip });
                Ok(())
            }
            Ok(b"Form") if depth < FORM_DEPTH_MAX => self.form(stream, resources, state, depth),
            Ok(b"Form") => Err("its content is nested too deeply"),
            _ => Err("a part of it is of an unknown kind"),
        }
    }

    fn form(
        &mut self,
        form: &'a Stream,
        resources: Option<&'a Dictionary>,
        mut state: State,
        depth: usize,
    ) -> Result<(), &'static str> {
        let document = self.page.document;
        if form.dict.has(b"Group") && form.dict.get_deref(b"Group", document).is_err() {
            return Err("a part of it is missing");
        }
        if let Ok(matrix) = form.dict.get_deref(b"Matrix", document) {
            state.matrix = Matrix::read(matrix).ok_or("its content is damaged")?.then(state.matrix);
        }
        let bytes = form.get_plain_content_with_limit(CONTENT_BYTES_MAX).map_err(|_| "its content is damaged")?;
        let own = form.dict.get_deref(b"Resources", document).and_then(Object::as_dict).ok();
        self.content(&bytes, own.or(resources), state, depth + 1)
    }

    /// Section 8.4.5: only what leaves the image as it is.
    fn check_graphics_state(
        &self,
        operation: &Operation,
        resources: Option<&'a Dictionary>,
    ) -> Result<(), &'static str> {
        let found = self.resource(resources, b"ExtGState", operation).and_then(|state| state.as_dict().ok());
        let Some(dictionary) = found else { return Ok(()) };
        let opaque = |key: &[u8]| dictionary.get(key).map_or(Some(1.0), number) == Some(1.0);
        let named = |key: &[u8], plain: &[&[u8]]| {
            dictionary.get(key).map_or(true, |value| value.as_name().is_ok_and(|name| plain.contains(&name)))
        };
        if opaque(b"ca") && opaque(b"CA") && named(b"SMask", &[b"None"]) && named(b"BM", &[b"Normal", b"Compatible"]) {
            Ok(())
        } else {
            Err("it is drawn with transparency")
        }
    }
}

/// Operators that look at nothing but their operands.
fn step(operation: &Operation, state: &mut State, path: &mut Path) -> Result<(), &'static str> {
    let operands = operation.operands.as_slice();
    match operation.operator.as_str() {
        "cm" => state.matrix = Matrix::from_numbers(operands).ok_or("its content is damaged")?.then(state.matrix),
        "Tr" => state.text_mode = operands.first().and_then(|mode| mode.as_i64().ok()).unwrap_or(0),
        // Mode 3 neither fills nor strokes nor clips (section 9.3.6): the words of a recognized scan.
        "Tj" | "TJ" | "'" | "\"" if state.text_mode != 3 => return Err("it has visible text"),
        "S" | "s" | "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" | "sh" => return Err("it has lines or areas"),
        "BI" | "ID" | "EI" => return Err("it has inline images"),
        "m" | "l" | "re" | "c" | "v" | "y" => extend(path, operation, state.matrix)?,
        "W" | "W*" => path.clips = true,
        "n" => {
            let path = std::mem::take(path);
            if path.clips {
                state.clip = state.clip.meet(path.rectangle()?);
            }
        }
        _ => {}
    }
    Ok(())
}

fn extend(path: &mut Path, operation: &Operation, matrix: Matrix) -> Result<(), &'static str> {
    let numbers: Option<Vec<f64>> = operation.operands.iter().map(number).collect();
    let mut put = |x, y| path.points.push(matrix.apply(x, y));
    match (operation.operator.as_str(), numbers.as_deref()) {
        ("m" | "l", Some(&[x, y])) => put(x, y),
        ("re", Some(&[x, y, w, h])) => {
            [(x, y), (x + w, y), (x + w, y + h), (x, y + h)].into_iter().for_each(|(x, y)| put(x, y));
        }
        ("c" | "v" | "y", Some(_)) => path.curved = true,
        _ => return Err("its content is damaged"),
    }
    Ok(())
}
