//! Files that PyTorch wrote, against what PyTorch reads from them.

use std::{collections::HashMap, fmt::Write, path::Path};

use super::common;
use super::parts::{self, Pickle, fixture, open, with_storage};
use yolov4::low_level::model::pytorch::{Checkpoint, ElementKind};

/// Name, kind, shape, sum, weighted sum: what `make_fixtures.py` writes for a tensor.
struct Expected {
    name: String,
    kind: String,
    shape: String,
    sums: [f64; 2],
}

fn expected(file: &str) -> Vec<Expected> {
    let text = std::fs::read_to_string(fixture(file)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let parse = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, kind, shape, sum, weighted] = words[..] else { panic!("{line}") };
        let sums = [sum, weighted].map(|n| n.parse().unwrap());
        Expected { name: name.into(), kind: kind.into(), shape: shape.into(), sums }
    };
    lines.map(parse).collect()
}

fn sums(numbers: &[f32]) -> [f64; 2] {
    let weighted = numbers.iter().enumerate().map(|(i, n)| f64::from(*n) * ((i % 97) as f64 + 1.0)).sum();
    [numbers.iter().map(|n| f64::from(*n)).sum(), weighted]
}

/// Compares names, kinds, shapes and sums, in order; how many tensors and numbers there were.
fn compare(path: &Path, list: &str) -> (usize, usize) {
    let checkpoint = Checkpoint::read(path).unwrap();
    let (tensors, expected) = (checkpoint.tensors().unwrap(), expected(list));
    assert_eq!(tensors.len(), expected.len());
    let mut numbers = 0;
    for ((name, tensor), expected) in tensors.iter().zip(&expected) {
        assert_eq!(*name, expected.name);
        assert_eq!(format!("{:?}", tensor.kind()).to_lowercase(), expected.kind, "{name}");
        let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
        let shape = if shape.is_empty() { "scalar".to_owned() } else { shape.join("x") };
        assert_eq!(shape, expected.shape, "{name}");
        let values = checkpoint.load(tensor).unwrap();
        assert_eq!(values.len() as u64, tensor.elements(), "{name}");
        for (found, expected) in sums(&values).into_iter().zip(expected.sums) {
            // Sums of f64 in another order than NumPy's.
            assert!((found - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{name}: {found} {expected}");
        }
        numbers += values.len();
    }
    (tensors.len(), numbers)
}

#[test]
fn whole_networks_are_read_as_pytorch_reads_them() {
    for file in ["zip_f32.pt", "legacy_f32.pt"] {
        assert_eq!(compare(&fixture(file), "fixture_names.txt").0, 292, "{file}");
    }
}

#[test]
fn halves_are_the_rounded_singles() {
    let single = Checkpoint::read(&fixture("zip_f32.pt")).unwrap();
    let singles = single.tensors().unwrap();
    for file in ["zip_f16.pt", "legacy_f16.pt", "state_dict.pt"] {
        let half = Checkpoint::read(&fixture(file)).unwrap();
        let halves = half.tensors().unwrap();
        assert_eq!(halves.len(), singles.len());
        for ((name, tensor), (other_name, other)) in halves.iter().zip(&singles) {
            assert_eq!((name, &tensor.shape), (other_name, &other.shape));
            let rounded = single.load(other).unwrap().into_iter().map(|n| match tensor.kind() {
                ElementKind::Float16 => half::f16::from_f32(n).to_f32(),
                kind => {
                    assert_eq!(kind, ElementKind::Int64);
                    n
                }
            });
            assert!(half.load(tensor).unwrap().into_iter().eq(rounded), "{file} {name}");
        }
    }
}

#[test]
fn every_kind_of_number_and_view_is_read() {
    for file in ["kinds.pt", "kinds_legacy.pt"] {
        assert_eq!(compare(&fixture(file), "kinds.txt").0, 19, "{file}");
    }
}

#[test]
fn modules_know_their_class_and_attributes() {
    for (file, mish) in [("zip_f32.pt", "mish_cuda.MishCuda"), ("legacy_f16.pt", "MishCuda")] {
        let checkpoint = Checkpoint::read(&fixture(file)).unwrap();
        assert_eq!(checkpoint.network_key().unwrap(), "model");
        let modules = checkpoint.modules().unwrap();
        let classes: HashMap<&str, usize> = modules.iter().fold(HashMap::new(), |mut count, (_, module)| {
            *count.entry(module.class).or_default() += 1;
            count
        });
        assert_eq!(classes["models.yolo.Model"], 1);
        assert_eq!(classes["models.common.BottleneckCSP"], 4);
        assert_eq!(classes["models.common.SPPCSP"], 1);
        assert_eq!(classes["models.common.BottleneckCSP2"], 2);
        let find = |path: &str| modules.iter().find(|(name, _)| name == path).unwrap().1;
        let whole = find("");
        let names: Vec<_> = whole.attribute("names").unwrap().items().unwrap().map(|n| n.text().unwrap()).collect();
        assert_eq!(names, ["cat", "dog"]);
        assert_eq!(whole.attribute("yaml").unwrap().get("nc").unwrap().int(), Some(2));
        assert_eq!(find("model.0.bn").attribute("eps").unwrap().float(), Some(1e-3));
        assert!(find("model.0.act").class.ends_with(mish));
        let conv = find("model.1.conv");
        assert_eq!(conv.class, "torch.nn.modules.conv.Conv2d");
        let pair = |name| conv.attribute(name).unwrap().items().unwrap().map(|n| n.int().unwrap()).collect::<Vec<_>>();
        assert_eq!([pair("kernel_size"), pair("stride"), pair("padding")], [[3, 3], [2, 2], [1, 1]]);
        assert_eq!(conv.attribute("groups").unwrap().int(), Some(1));
        let (last, detect) = modules.iter().find(|(_, m)| m.class == "models.yolo.Detect").unwrap();
        assert_eq!(last, "model.20");
        let number = |name| detect.attribute(name).unwrap().int();
        assert_eq!((number("nc"), number("na"), number("nl"), number("no")), (Some(2), Some(4), Some(2), Some(7)));
        let strides = detect.attribute("stride").unwrap().tensor().unwrap();
        assert_eq!(checkpoint.load(strides).unwrap(), [8.0, 16.0]);
        let from: Vec<_> = detect.attribute("f").unwrap().items().unwrap().map(|n| n.int().unwrap()).collect();
        assert_eq!(from, [15, 19]);
        assert!(detect.attributes().all(|(name, _)| !name.starts_with('_')));
    }
}

#[test]
fn what_lies_beside_the_network_can_be_asked_for() {
    let checkpoint = Checkpoint::read(&fixture("zip_f32.pt")).unwrap();
    assert_eq!((checkpoint.format(), checkpoint.version()), ("zip", "3"));
    assert_eq!(checkpoint.metadata("epoch").unwrap().int(), Some(299));
    assert_eq!(checkpoint.metadata("best_fitness").unwrap().float(), Some(0.4321));
    let groups = checkpoint.metadata("optimizer").unwrap().get("param_groups").unwrap().items().unwrap();
    assert_eq!(groups.len(), 3);
    let checkpoint = Checkpoint::read(&fixture("legacy_f16.pt")).unwrap();
    assert_eq!((checkpoint.format(), checkpoint.version()), ("legacy", "1001"));
    assert!(checkpoint.metadata("optimizer").unwrap().is_none());
    assert_eq!(checkpoint.metadata("epoch").unwrap().int(), Some(-1));
    let checkpoint = Checkpoint::read(&fixture("state_dict.pt")).unwrap();
    assert_eq!(checkpoint.network_key().unwrap(), "");
    assert!(checkpoint.modules().unwrap().is_empty());
}

/// A published file, where there is one.
#[test]
fn yolov5n_is_read_as_pytorch_reads_it() {
    let Some(data) = common::test_data() else { return };
    let path = data.join("models/yolov5n/yolov5n.pt");
    assert_eq!(compare(&path, "yolov5n.txt").0, 349);
    let checkpoint = Checkpoint::read(&path).unwrap();
    let modules = checkpoint.modules().unwrap();
    let detect = modules.iter().find(|(_, module)| module.class == "models.yolo.Detect").unwrap();
    assert_eq!((detect.0.as_str(), detect.1.attribute("nc").unwrap().int()), ("model.24", Some(80)));
    assert_eq!(modules[0].1.attribute("names").unwrap().items().unwrap().len(), 80);
}

fn names(bytes: &[u8]) -> String {
    let checkpoint = open(bytes).unwrap();
    checkpoint.tensors().unwrap().iter().fold(String::new(), |mut all, (name, tensor)| {
        let _ = write!(all, "{name}{:?} ", tensor.shape);
        all
    })
}

#[test]
fn the_network_is_found_wherever_it_is_kept() {
    let dict = |p: Pickle, name: &str| p.op(b"}").text(name).tensor("Float", 4, 0, &[2, 2], &[2, 1]).op(b"s");
    let storage = [0; 16];
    for (key, found) in [("model", "model"), ("state_dict", "state_dict"), ("ema", "ema")] {
        let pickle = dict(Pickle::new().op(b"}").text(key), "a.weight").op(b"s").end();
        let bytes = with_storage(&pickle, &storage);
        assert_eq!(names(&bytes), "a.weight[2, 2] ");
        assert_eq!(open(&bytes).unwrap().network_key().unwrap(), found);
    }
    let parallel = dict(Pickle::new(), "module.a.weight").end();
    assert_eq!(names(&with_storage(&parallel, &storage)), "a.weight[2, 2] ");
    // The average comes with a count, and before the rest.
    let both = dict(Pickle::new().op(b"}(").text("model"), "m").text("ema").op(b"(");
    let both = dict(both, "e").int(7).op(b"tu").end();
    assert_eq!(names(&with_storage(&both, &storage)), "e[2, 2] ");
    let none = dict(Pickle::new().op(b"}(").text("model"), "m").text("ema").op(b"Nu").end();
    assert_eq!(names(&with_storage(&none, &storage)), "m[2, 2] ");
    let neither = Pickle::new().op(b"}(").text("epoch").int(3).text("opt").op(b"Nu").end();
    let said = open(&with_storage(&neither, &storage)).unwrap().tensors().unwrap_err().to_string();
    assert_eq!(said, "some.pt: there is no network in it; its keys are: `epoch`, `opt`");
}

/// A module of `class` with a parameter, a buffer, a buffer that is not saved, and what `inside` writes as its modules.
fn module(p: Pickle, class: &str, inside: impl FnOnce(Pickle) -> Pickle) -> Pickle {
    let tensor = |p: Pickle, name: &str| p.text(name).tensor("Float", 4, 0, &[4], &[1]);
    let (package, class) = class.rsplit_once('.').unwrap();
    let p = tensor(p.global(package, class).op(b")\x81}(").text("_buffers").op(b"}("), "b");
    let p = tensor(p, "left_out").op(b"u").text("_non_persistent_buffers_set").global("builtins", "set");
    let p = tensor(p.op(b"(]").text("left_out").op(b"atR").text("_parameters").op(b"}("), "p");
    inside(p.text("none").op(b"Nu").text("_modules").op(b"}(")).op(b"uub")
}

#[test]
fn names_are_those_of_state_dict() {
    let plain = |p: Pickle| module(p.text("x"), "m.Inner", |p| p.text("gone").op(b"N"));
    let whole = module(Pickle::new(), "m.Outer", plain).end();
    assert_eq!(names(&with_storage(&whole, &[0; 16])), "p[4] b[4] x.p[4] x.b[4] ");
    let parallel = |p: Pickle| module(p.text("module"), "m.Outer", plain);
    let several = module(Pickle::new(), "torch.nn.parallel.data_parallel.DataParallel", parallel).end();
    let bytes = with_storage(&several, &[0; 16]);
    assert_eq!(names(&bytes), "p[4] b[4] x.p[4] x.b[4] ");
    let checkpoint = open(&bytes).unwrap();
    let modules = checkpoint.modules().unwrap();
    let modules: Vec<_> = modules.iter().map(|(path, module)| (path.as_str(), module.class)).collect();
    assert_eq!(modules, [("", "m.Outer"), ("x", "m.Inner")]);
}

#[test]
fn protocols_0_and_1_are_understood() {
    let text = b"(dp0\nVa\\u00e9\\x5c\np1\nI01\nsS'it\\'s'\np2\nL12L\nsS'f'\nF2.5\nsS'l'\n(lp3\nI1\naI2\nas.";
    let mut bytes = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    bytes.extend(b"\x80\x00");
    bytes.extend(text);
    bytes.extend(b"(l.");
    let checkpoint = open(&bytes).unwrap();
    let root = checkpoint.root();
    assert_eq!(root.get("a\u{e9}\\").unwrap().bool(), Some(true));
    assert_eq!(root.get("it's").unwrap().int(), Some(12));
    assert_eq!(root.get("f").unwrap().float(), Some(2.5));
    assert_eq!(root.get("l").unwrap().items().unwrap().len(), 2);
}

#[test]
fn a_part_of_a_storage_of_the_old_format_is_read() {
    let class = Pickle::new().op(b"}").text("t").global("torch._utils", "_rebuild_tensor").op(b"((").text("storage");
    let storage = class.global("torch", "FloatStorage").text("7").text("cpu").int(6).op(b"(").text("v").int(2).int(3);
    let object = storage.op(b"ttQ").int(1).ints(&[2]).ints(&[1]).op(b"tRs").end();
    let keys = Pickle::new().op(b"]").text("7").op(b"a").end();
    let mut rest = 6u64.to_le_bytes().to_vec();
    (0..6u8).for_each(|n| rest.extend(f32::from(n).to_le_bytes()));
    let bytes = parts::legacy(&object, &keys, &rest);
    let checkpoint = open(&bytes).unwrap();
    let tensors = checkpoint.tensors().unwrap();
    assert_eq!(checkpoint.load(tensors[0].1).unwrap(), [3.0, 4.0]);
}
