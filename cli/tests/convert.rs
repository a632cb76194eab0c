//! `yolov4 convert`: every format to every other, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn yolov4(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yolov4")).args(args).output().unwrap()
}

fn done(args: &[&str]) -> String {
    let out = yolov4(args);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{args:?}: {said}");
    said
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn fixture(name: &str) -> String {
    root().join("tests/data/checkpoints").join(name).to_string_lossy().into_owned()
}

/// Files of one folder.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    /// What enters the heads for the demo's picture.
    fn heads(&self, model: &[&str]) -> Vec<u8> {
        let (out, picture) = (self.file("heads.safetensors"), root().join("assets/demo.jpg"));
        let picture = picture.to_string_lossy().into_owned();
        done(&[&["heads", &picture, "--player", "oracle", "--out", &out, "--model"], model].concat());
        fs::read(out).unwrap()
    }
}

/// The tensors of a file of `yolov4 heads`, by name.
fn tensors(file: &[u8]) -> BTreeMap<String, Vec<f32>> {
    let tensors = safetensors::SafeTensors::deserialize(file).unwrap();
    let floats = |data: &[u8]| data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    tensors.tensors().into_iter().map(|(name, tensor)| (name, floats(tensor.data()))).collect()
}

#[test]
fn a_checkpoint_goes_into_every_format_and_computes_the_same() {
    let folder = Folder::new();
    let (one, weights, cfg, again) =
        (folder.file("a.safetensors"), folder.file("b.weights"), folder.file("b.cfg"), folder.file("c.safetensors"));
    done(&["convert", &fixture("zip_f32.pt"), &one, "--size", "64"]);
    let said = done(&["convert", &one, &weights]);
    assert!(said.contains("[batchnorm] sections"), "{said}");
    done(&["convert", &cfg, &again, "--weights", &weights]);
    let want = folder.heads(&[&fixture("zip_f32.pt"), "--size", "64"]);
    assert_eq!(folder.heads(&[&one]), want, "one file, to the bit");
    // Darknet's epsilon is another: rounding.
    let close = |got: &[u8]| {
        let (got, want) = (tensors(got), tensors(&want));
        assert!(got.len() == 3 && got.keys().eq(want.keys()));
        let pairs = got.values().flatten().zip(want.values().flatten());
        let worst = pairs.map(|(g, w)| (g - w).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{worst}");
    };
    // The pictures of a checkpoint are resampled as PyTorch does, and letterboxed: a cfg cannot say the first.
    close(&folder.heads(&[&cfg, "--weights", &weights, "--resize", "pytorch"]));
    close(&folder.heads(&[&again, "--resize", "pytorch"]));
}

#[test]
fn half_the_bytes_are_half_the_bytes() {
    let folder = Folder::new();
    let (full, half) = (folder.file("full.safetensors"), folder.file("half.safetensors"));
    done(&["convert", "demo", &full]);
    done(&["convert", "demo", &half, "--precision", "f16"]);
    let bytes = |file: &str| fs::metadata(file).unwrap().len();
    assert!(bytes(&half) * 10 < bytes(&full) * 6, "{} of {}", bytes(&half), bytes(&full));
    // The demo's own numbers are stored in f16: nothing is lost.
    assert_eq!(folder.heads(&[&half]), folder.heads(&["demo"]));
    assert_eq!(folder.heads(&[&full]), folder.heads(&["demo"]));
}

#[test]
fn onnx_goes_out_and_in() {
    let folder = Folder::new();
    let (file, back) = (folder.file("demo.onnx"), folder.file("back.safetensors"));
    done(&["convert", "demo", &file, "--outputs", "boxes", "--dynamic-batch"]);
    done(&["convert", &file, &back]);
    let (want, ours, theirs) = (folder.heads(&["demo"]), folder.heads(&[&file]), folder.heads(&[&back]));
    assert_eq!(ours, theirs);
    // Batch-norm is folded: rounding.
    let pairs = tensors(&want).into_iter().zip(tensors(&ours));
    let worst = pairs.flat_map(|((_, a), (_, b))| a.into_iter().zip(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-3, "{worst}");
}

#[test]
fn a_cfg_that_was_read_is_not_written_over() {
    let folder = Folder::new();
    let (cfg, weights) = (folder.file("net.cfg"), folder.file("net.weights"));
    done(&["convert", "demo", &weights]);
    let text = format!("# mine\n{}", fs::read_to_string(&cfg).unwrap());
    fs::write(&cfg, &text).unwrap();
    done(&["convert", &cfg, &weights, "--weights", &weights]);
    assert_eq!(fs::read_to_string(&cfg).unwrap(), text);
    // Nor one of another network.
    let other = yolov4(&["convert", &cfg, &weights, "--weights", &weights, "--drop-stages", "1"]);
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(other.status.code() == Some(2) && said.contains("is of another network"), "{said}");
    assert_eq!(fs::read_to_string(&cfg).unwrap(), text);
    let only = folder.file("only.cfg");
    done(&["convert", "yolov4-p7", &only]);
    assert!(fs::read_to_string(&only).unwrap().contains("[batchnorm]"));
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_left() {
    let folder = Folder::new();
    let demo = |out: &str| vec!["convert".to_owned(), "demo".to_owned(), folder.file(out)];
    let with = |mut args: Vec<String>, more: &[&str]| {
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        args
    };
    let names = folder.file("three.names");
    fs::write(&names, "a\nb\nc\n").unwrap();
    for (args, why, code) in [
        (demo("a.tflite"), "ends in .safetensors, .onnx, .weights, .cfg", 2),
        (demo("a"), "ends in .safetensors", 2),
        (with(demo("a.weights"), &["--precision", "f16"]), "Darknet's files hold f32", 2),
        (with(demo("a.safetensors"), &["--dynamic-batch"]), "--dynamic-batch is for .onnx", 2),
        (with(demo("a.safetensors"), &["--outputs", "boxes"]), "--outputs is for .onnx", 2),
        (with(demo("a.onnx"), &["--like", "yolov4-tiny"]), "--like is for an .onnx that is read", 2),
        (with(demo("a.safetensors"), &["--names", &names]), "expected 10 class names, found 3", 2),
        (with(demo("none/a.safetensors"), &[]), "none", 1),
        (vec!["convert".into(), "yolov4-p7".into(), folder.file("a.weights")], "nothing to convert", 2),
        (vec!["convert".into(), folder.file("absent.pt"), folder.file("a.weights")], "absent.pt", 1),
        (vec!["convert".into(), fixture("kinds.pt"), folder.file("a.weights")], "model.0", 1),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let out = yolov4(&args);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(why), "{args:?}: {said}");
    }
    let left: Vec<_> = fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["three.names"]);
}

#[test]
fn a_checkpoint_plays_as_it_is() {
    let picture = root().join("assets/demo.jpg").to_string_lossy().into_owned();
    let out = yolov4(&[
        "detect",
        &picture,
        "--model",
        &fixture("zip_f16.pt"),
        "--size",
        "64",
        "--player",
        "cpu",
        "--conf",
        "0.01",
        "--format",
        "json",
    ]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(found.to_string().contains("\"dog\"") || found.to_string().contains("\"cat\""), "{found}");
}
