//! Files with bytes changed or cut off: any bytes are a checkpoint or an error, and never a panic.

use std::time::Instant;

use super::parts::{Pickle, fixture, legacy, open, with_pickle, with_storage};

/// Looks at everything that a checkpoint has; whether there were tensors.
fn use_it(bytes: &[u8]) -> bool {
    let Ok(checkpoint) = open(bytes) else { return false };
    for (_, module) in checkpoint.modules().unwrap_or_default() {
        let _ = format!("{module:?} {:?}", module.attributes().last());
    }
    let _ = (checkpoint.metadata("epoch"), format!("{:?}", checkpoint.root()));
    let Ok(tensors) = checkpoint.tensors() else { return false };
    for (name, tensor) in tensors.iter().take(400) {
        if let Ok(numbers) = checkpoint.load(tensor) {
            assert_eq!(numbers.len() as u64, tensor.elements(), "{name}");
        }
    }
    true
}

/// Steele and Vigna's splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n.max(1) as u64).unwrap()
    }
}

/// A few bytes flipped, set, taken out or copied elsewhere.
fn mutated(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    const TELLING: &[u8] = b"\0\x01\x7f\x80\xff().02abehijlopqrstuRNQXcd}]\x81\x85\x86\x8a\x93\x94";
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 | 3 => bytes[at] = TELLING[random.below(TELLING.len())],
            4 => _ = bytes.drain(at..(at + 1 + random.below(8)).min(bytes.len())),
            _ => {
                let piece = bytes[at..(at + 1 + random.below(16)).min(bytes.len())].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// The pickle in a fixture, without its container.
fn pickle_of(file: &str) -> Vec<u8> {
    let bytes = std::fs::read(fixture(file)).unwrap();
    let name = b"/data.pkl";
    let at = bytes.windows(name.len()).position(|w| w == name).unwrap() + name.len();
    let start = at + bytes[at..].iter().position(|b| *b == 0x80).unwrap();
    let end = start + bytes[start..].windows(5).position(|w| w == b".PK\x07\x08").unwrap() + 1;
    bytes[start..end].to_vec()
}

#[test]
fn changed_bytes_do_no_harm() {
    let small = Pickle::new().op(b"}(").text("model").global("models.yolo", "Model").op(b")\x81}(");
    let small = small.text("_parameters").op(b"}").text("w").tensor("Float", 4, 0, &[2, 2], &[2, 1]).op(b"s");
    let small = small.text("_buffers").op(b"}").text("_modules").op(b"}ub").text("epoch").int(3).op(b"u.").0;
    let keys = Pickle::new().op(b"]").text("0").op(b"a.").0;
    let rest = [&4u64.to_le_bytes()[..], &[1; 16]].concat();
    let whole: Vec<Vec<u8>> = ["kinds.pt", "kinds_legacy.pt"].map(|f| std::fs::read(fixture(f)).unwrap()).into();
    let network = pickle_of("zip_f16.pt");
    let mut random = Random(1);
    let (start, mut used) = (Instant::now(), 0);
    for turn in 0..24_000 {
        let bytes = match turn % 6 {
            0 | 1 => with_storage(&mutated(&small, &mut random), &[1; 16]),
            2 => mutated(&legacy(&small, &keys, &rest), &mut random),
            3 => mutated(&whole[0], &mut random),
            4 => mutated(&whole[1], &mut random),
            // A large one less often: without its storages it only gets as far as the pickle.
            _ if turn % 60 == 5 => with_pickle(&mutated(&network, &mut random)),
            _ => with_storage(&mutated(&mutated(&small, &mut random), &mut random), &[1; 16]),
        };
        used += usize::from(use_it(&bytes));
    }
    println!("{used} of 24000 were still networks, {:?}", start.elapsed());
    assert!(used > 1000);
}

#[test]
fn no_file_may_be_cut_off() {
    for file in ["kinds.pt", "kinds_legacy.pt"] {
        let bytes = std::fs::read(fixture(file)).unwrap();
        assert!(use_it(&bytes));
        for length in 0..bytes.len() {
            let cut = open(&bytes[..length]);
            assert!(cut.is_err(), "{file} cut to {length} bytes");
        }
    }
    for file in ["zip_f16.pt", "legacy_f16.pt"] {
        let bytes = std::fs::read(fixture(file)).unwrap();
        for length in (0..bytes.len()).step_by(997) {
            assert!(open(&bytes[..length]).is_err(), "{file} cut to {length} bytes");
        }
    }
    let pickle = pickle_of("kinds.pt");
    for length in 0..pickle.len() {
        assert!(open(&with_pickle(&pickle[..length])).is_err(), "a pickle cut to {length} bytes");
    }
}
