//! Numbers and byte strings, small: LEB128, signed ones in zigzag. Reading is checked and
//! never panics; `None` means that the bytes make no sense.

#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    #[inline]
    pub fn uint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    #[inline]
    pub fn int(&mut self, value: i64) {
        self.uint(((value << 1) ^ (value >> 63)) as u64);
    }

    pub fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The length, then the bytes.
    pub fn text(&mut self, text: &str) {
        self.uint(text.len() as u64);
        self.raw(text.as_bytes());
    }

    /// Nothing is length 0; no text that may be missing is ever empty.
    pub fn optional_text(&mut self, text: Option<&str>) {
        self.text(text.unwrap_or(""));
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub const fn left(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub fn raw(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        self.raw(1).map(|bytes| bytes[0])
    }

    #[inline]
    pub fn uint(&mut self) -> Option<u64> {
        // Most are this small.
        if let Some((byte @ ..0x80, rest)) = self.0.split_first() {
            self.0 = rest;
            return Some(u64::from(*byte));
        }
        self.long_uint()
    }

    fn long_uint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    #[inline]
    pub fn int(&mut self) -> Option<i64> {
        let value = self.uint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub fn small(&mut self) -> Option<u32> {
        self.uint()?.try_into().ok()
    }

    pub fn length(&mut self) -> Option<usize> {
        // No length is more than what is left, so a wrong one never makes anyone allocate.
        self.uint()?.try_into().ok().filter(|length| *length <= self.left())
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.raw(length)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [0, 1, -1, 63, -64, 64, 300, i64::MAX, i64::MIN] {
            let mut writer = Writer::default();
            writer.int(value);
            writer.uint(value as u64);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            assert_eq!((reader.int(), reader.uint(), reader.left()), (Some(value), Some(value as u64), 0));
        }
        assert_eq!(Reader::new(&[0x80; 12]).uint(), None);
        assert_eq!(Reader::new(&[9, b'x']).text(), None);
    }
}
