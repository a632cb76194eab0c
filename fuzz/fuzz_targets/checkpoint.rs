//! Any bytes are a checkpoint or an error; what is a checkpoint can be looked through and read.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use yolov4::low_level::model::pytorch::Checkpoint;

// Half of the inputs are a pickle inside an archive that is in order, beside 64 bytes of storage `0`: few would get past
// the archive by themselves.
fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let bytes = if first & 1 == 0 { rest.to_vec() } else { archive(&[("a/data.pkl", rest), ("a/data/0", &[1; 64])]) };
    let Ok(checkpoint) = Checkpoint::from_bytes(Path::new("fuzz.pt"), bytes) else { return };
    let _ = format!("{:?}", checkpoint.root());
    for (_, module) in checkpoint.modules().unwrap_or_default().iter().take(1000) {
        let _ = format!("{:?}", module.attributes().last());
    }
    for (_, tensor) in checkpoint.tensors().unwrap_or_default().iter().take(1000) {
        if let Ok(numbers) = checkpoint.load(tensor) {
            assert_eq!(numbers.len() as u64, tensor.elements());
        }
    }
});

/// A zip archive without checksums: 0 is what stands for none.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (vec![], vec![]);
    for (name, bytes) in entries {
        let (at, length) = (out.len() as u32, bytes.len() as u32);
        let mut rest = [[0; 4], length.to_le_bytes(), length.to_le_bytes()].concat();
        rest.extend((name.len() as u32).to_le_bytes());
        out.extend([&b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0"[..], &rest, name.as_bytes(), bytes].concat());
        directory.extend([&b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0"[..], &rest, &[0; 10]].concat());
        directory.extend([&at.to_le_bytes(), name.as_bytes()].concat());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let (start, length) = ((out.len() as u32).to_le_bytes(), (directory.len() as u32).to_le_bytes());
    out.extend(directory);
    out.extend([&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &length, &start, &[0, 0]].concat());
    out
}
