//! Bytes that are counted: nothing is allocated for what cannot be there.

use std::io::Read;

use super::said::Said;

/// What is allocated before the bytes are seen.
const FIRST: u64 = 1 << 16;
/// Of a line of text: numbers and names.
const LONGEST_LINE: usize = 1 << 16;

/// A reader that knows where it is and how much is left.
pub struct CountedBytes<'a> {
    reader: &'a mut dyn Read,
    at: u64,
    left: u64,
}

impl<'a> CountedBytes<'a> {
    /// Reads at most `left` bytes, the first of which is byte `at` of its file.
    pub fn new(reader: &'a mut dyn Read, at: u64, left: u64) -> Self {
        Self { reader, at, left }
    }

    /// Which byte of the file comes next.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: u64) -> Said<Vec<u8>> {
        if count > self.left {
            return Err(format!("{count} bytes are announced where {} are left", self.left));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(count.min(FIRST)).unwrap_or_default());
        self.reader.take(count).read_to_end(&mut bytes).map_err(|e| format!("cannot be read: {e}"))?;
        if bytes.len() as u64 != count {
            return Err("the file ends here".into());
        }
        self.advance(count);
        Ok(bytes)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Said<[u8; N]> {
        let mut bytes = [0; N];
        if N as u64 > self.left {
            return Err("the pickle ends here".into());
        }
        self.reader.read_exact(&mut bytes).map_err(|e| format!("cannot be read: {e}"))?;
        self.advance(N as u64);
        Ok(bytes)
    }

    /// The next byte.
    pub fn byte(&mut self) -> Said<u8> {
        self.array().map(|[byte]| byte)
    }

    /// The text up to the end of the line, which is read too.
    pub fn line(&mut self) -> Said<String> {
        let mut bytes = vec![];
        loop {
            match self.byte()? {
                b'\n' => break,
                byte => bytes.push(byte),
            }
            if bytes.len() > LONGEST_LINE {
                return Err(format!("a line of more than {LONGEST_LINE} bytes"));
            }
        }
        utf8(bytes)
    }

    fn advance(&mut self, count: u64) {
        self.at = self.at.saturating_add(count);
        self.left = self.left.saturating_sub(count);
    }
}

/// Text, or what is wrong with it.
pub fn utf8(bytes: Vec<u8>) -> Said<String> {
    String::from_utf8(bytes).map_err(|e| format!("text that is not UTF-8 ({e})"))
}
