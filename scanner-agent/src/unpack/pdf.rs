//! PDF pages: the scanner's own image where a page is nothing but that, else drawn.
pub struct Document { drawn: hayro::hayro_syntax::Pdf }
impl Document {
    pub fn open(bytes: &[u8]) -> Result<Self, String> { Ok(Self { drawn: super::render::open(bytes).map_err(super::child::failed)? }) }
    pub fn pages(&self) -> usize { self.drawn.pages().len() }
    pub fn untouched(&self, _number: u32) -> Result<Option<Vec<u8>>, String> { Ok(None) }
    pub fn draw(&self, number: u32) -> Result<super::render::Drawing, String> { super::render::draw(&self.drawn, number).map_err(super::child::failed) }
}
