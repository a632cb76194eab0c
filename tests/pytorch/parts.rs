//! Files made by hand, for the suites about `.pt`.

use std::path::{Path, PathBuf};

use yolov4::{Result, low_level::model::pytorch::Checkpoint};

/// A fixture.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/checkpoints").join(name)
}

pub fn open(bytes: &[u8]) -> Result<Checkpoint> {
    Checkpoint::from_bytes(Path::new("some.pt"), bytes.to_vec())
}

/// The sentence that the bytes are refused with.
pub fn refusal(bytes: &[u8]) -> String {
    let said = open(bytes).expect_err("a refusal").to_string();
    said.strip_prefix("some.pt: ").expect("the file's name").to_owned()
}

/// A stored zip archive.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (vec![], vec![]);
    for (name, bytes) in entries {
        let at = u32::try_from(out.len()).unwrap();
        let (crc, length) = (crc32fast::hash(bytes), u32::try_from(bytes.len()).unwrap());
        let mut rest = vec![];
        for number in [crc, length, length] {
            rest.extend(number.to_le_bytes());
        }
        rest.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        rest.extend([0, 0]);
        out.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0");
        out.extend(&rest);
        out.extend(name.as_bytes());
        out.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0");
        directory.extend(&rest);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, count) = (u32::try_from(out.len()).unwrap(), u16::try_from(entries.len()).unwrap());
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// The same archive as those above 4 GiB have it: every number of 64 bits.
pub fn zip_64(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (vec![], vec![]);
    for (name, bytes) in entries {
        let (at, length, crc) = (out.len() as u64, bytes.len() as u64, crc32fast::hash(bytes));
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        out.extend([&b"PK\x03\x04\x2d\0\0\0\0\0\0\0\0\0"[..], &crc.to_le_bytes(), &[0xff; 8], &name_length].concat());
        out.extend([&[20, 0][..], name.as_bytes(), &[1, 0, 16, 0], &length.to_le_bytes().repeat(2), bytes].concat());
        directory.extend([&b"PK\x01\x02\x2d\0\x2d\0\0\0\0\0\0\0\0\0"[..], &crc.to_le_bytes(), &[0xff; 8]].concat());
        directory.extend([&name_length[..], &[33, 0], &[0; 10], &[0xff; 4], name.as_bytes(), b"FB\x01\0Z"].concat());
        directory.extend([&[1, 0, 24, 0][..], &length.to_le_bytes().repeat(2), &at.to_le_bytes()].concat());
    }
    let (start, count) = (out.len() as u64, (entries.len() as u64).to_le_bytes());
    let (length, end) = (directory.len() as u64, start + directory.len() as u64);
    out.extend(directory);
    out.extend([&b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0"[..], &[0; 8], &count, &count].concat());
    out.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
    out.extend([&b"PK\x06\x07\0\0\0\0"[..], &end.to_le_bytes(), &[1, 0, 0, 0]].concat());
    out.extend([&b"PK\x05\x06\0\0\0\0"[..], &[0xff; 12], &[0, 0]].concat());
    out
}

/// A checkpoint of a pickle alone.
pub fn with_pickle(pickle: &[u8]) -> Vec<u8> {
    zip(&[("a/data.pkl", pickle), ("a/version", b"3\n")])
}

/// A checkpoint of a pickle and one storage `0`.
pub fn with_storage(pickle: &[u8], storage: &[u8]) -> Vec<u8> {
    zip(&[("a/data.pkl", pickle), ("a/data/0", storage), ("a/version", b"3\n")])
}

/// A pickle that is written opcode by opcode.
#[derive(Clone, Default)]
pub struct Pickle(pub Vec<u8>);

impl Pickle {
    pub fn new() -> Self {
        Self(b"\x80\x02".to_vec())
    }

    pub fn op(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub fn text(self, text: &str) -> Self {
        self.op(b"X").op(&u32::try_from(text.len()).unwrap().to_le_bytes()).op(text.as_bytes())
    }

    pub fn int(self, number: i64) -> Self {
        self.op(b"\x8a\x08").op(&number.to_le_bytes())
    }

    pub fn ints(self, numbers: &[i64]) -> Self {
        numbers.iter().fold(self.op(b"("), |p, n| p.int(*n)).op(b"t")
    }

    pub fn global(self, module: &str, name: &str) -> Self {
        self.op(b"c").op(module.as_bytes()).op(b"\n").op(name.as_bytes()).op(b"\n")
    }

    /// `torch.NAMEStorage` under key `0`.
    pub fn storage(self, name: &str, count: i64) -> Self {
        let class = format!("{name}Storage");
        self.op(b"(").text("storage").global("torch", &class).text("0").text("cpu").int(count).op(b"tQ")
    }

    pub fn tensor(self, name: &str, count: i64, offset: i64, shape: &[i64], strides: &[i64]) -> Self {
        let head = self.global("torch._utils", "_rebuild_tensor_v2").op(b"(").storage(name, count);
        head.int(offset).ints(shape).ints(strides).op(b"\x89").global("collections", "OrderedDict").op(b")RtR")
    }

    /// `{"t": a tensor}`.
    pub fn only_tensor(count: i64, offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
        Self::new().op(b"}").text("t").tensor("Float", count, offset, shape, strides).op(b"s.").0
    }

    pub fn end(self) -> Vec<u8> {
        self.op(b".").0
    }
}

/// The old container.
pub fn legacy(object: &[u8], keys: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut out = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec();
    out.extend(Pickle::new().op(b"}").text("little_endian").op(b"\x88s").end());
    out.extend(object);
    out.extend(keys);
    out.extend(rest);
    out
}
