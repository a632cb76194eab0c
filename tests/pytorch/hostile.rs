//! Files that were made to do harm, or are damaged: each is refused in a sentence, and nothing in them is done.

use super::parts::{Pickle, legacy, open, refusal, with_pickle, with_storage, zip, zip_64};
use yolov4::low_level::model::pytorch::{Datum, Value};

/// A pickle's refusal, in both containers.
fn refused(pickle: &[u8]) -> String {
    let said = refusal(&with_pickle(pickle));
    let old = refusal(&legacy(pickle, b"\x80\x02].", b""));
    assert_eq!(said.split(" of the pickle").nth(1), old.split(" of the pickle").nth(1), "{said} | {old}");
    assert!(!said.contains('\n') && said.len() < 400, "{said}");
    said
}

#[test]
fn what_would_run_something_is_refused_by_name() {
    let call =
        |module: &str, name: &str| Pickle::new().global(module, name).op(b"(").text("touch /tmp/harm").op(b"tR.").0;
    assert_eq!(
        refused(&call("os", "system")),
        "refused: the pickle asks to call `os.system`: that is an attack, or no network; nothing of it was run (byte 2 of the pickle)"
    );
    for (module, name) in [
        ("posix", "system"),
        ("nt", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("__builtin__", "exec"),
        ("builtins", "getattr"),
        ("builtins", "__import__"),
        ("sys", "modules"),
        ("importlib", "import_module"),
        ("runpy", "run_path"),
        ("pty", "spawn"),
        ("socket", "create_connection"),
        ("shutil", "rmtree"),
        ("operator", "attrgetter"),
        ("torch", "load"),
    ] {
        let said = refused(&call(module, name));
        assert!(said.starts_with(&format!("refused: the pickle asks to call `{module}.{name}`")), "{said}");
    }
    // By every other opcode that names something.
    let stacked = |module: &str, name: &str| Pickle::new().text(module).text(name).op(b"\x93.").0;
    assert!(refused(&stacked("os", "system")).contains("`os.system`"));
    assert!(refused(&stacked("torch.serialization", "os.system")).contains("`torch.serialization.os.system`"));
    assert!(refused(b"(S'touch /tmp/harm'\nios\nsystem\n.").contains("`os.system`"));
    assert!(refused(b"(cos\nsystem\nS'touch /tmp/harm'\no.").contains("`os.system`"));
    // A getattr in a getattr, as deep as one likes.
    let nested = Pickle::new().global("builtins", "getattr").op(b"(").global("builtins", "getattr");
    assert!(
        refused(&nested.op(b"(").text("a").text("b").op(b"tR").text("c").op(b"tR.").0).contains("builtins.getattr")
    );
    // Named but not called.
    assert!(refused(&Pickle::new().global("os", "system").op(b"0N.").0).contains("`os.system`"));
    assert!(!std::path::Path::new("/tmp/harm").exists());
}

#[test]
fn an_unknown_class_is_data() {
    let pickle =
        Pickle::new().global("some.where", "Thing").op(b"(").text("x").op(b"tR}").text("a").int(1).op(b"sb.").0;
    let checkpoint = open(&with_pickle(&pickle)).unwrap();
    let root = checkpoint.root();
    assert_eq!(root.class(), Some("some.where.Thing"));
    assert_eq!(root.args().unwrap().items().unwrap().next().unwrap().text(), Some("x"));
    assert_eq!(root.get("a").unwrap().int(), Some(1));
}

#[test]
fn lengths_are_compared_with_what_is_there() {
    for (bytes, word) in [
        (&b"X\xff\xff\xff\xff"[..], "4294967295 bytes are announced"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615 bytes are announced"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", "9223372036854775807 bytes are announced"),
        (b"B\xff\xff\xff\x7f", "2147483647 bytes are announced"),
        (b"\x96\0\0\0\0\0\0\0\x10", "bytes are announced"),
        (b"\x8b\xff\xff\xff\x7f", "bytes are announced"),
        (b"\x8b\xff\xff\xff\xff", "a length of -1 bytes"),
        (b"T\xff\xff\xff\xff", "a length of -1 bytes"),
        (b"U\xff", "255 bytes are announced"),
        (b"Vabc", "the pickle ends here"),
        (b"M\x01", "the pickle ends here"),
        (b"", "the pickle ends here"),
    ] {
        let pickle = Pickle::new().op(bytes).0;
        let said = refusal(&with_pickle(&pickle));
        assert!(said.starts_with("byte 2 of the pickle: ") && said.contains(word), "{said}");
    }
}

#[test]
fn a_machine_that_is_misused_says_so() {
    for (bytes, word) in [
        (&b"."[..], "the stack is empty"),
        (b"0.", "the stack is empty"),
        (b"(.", "the stack is empty"),
        (b"N(a.", "the stack is empty"),
        (b"t.", "no mark"),
        (b"Na.", "the stack is empty"),
        (b"NNa.", "appends to what is no list"),
        (b"NNNs.", "no dictionary"),
        (b"}(Nu.", "a key without a value"),
        (b"h\x05.", "nothing at place 5 of the memo"),
        (b"gx\n.", "expected a place of the memo, found `x`"),
        (b"I1x\n.", "expected a number, found `1x`"),
        (b"NNR.", "not a class"),
        (b"cA\nB\nNR.", "arguments that are no tuple"),
        (b"NNb.", "gives a state to what has none"),
        (b"Pabc\n.", "persistent id"),
        (b"NQ.", "persistent id that is no tuple"),
        (b")Q.", "empty persistent id"),
        (b"\x82\x01.", "copyreg"),
        (b"\x97.", "outside of the pickle"),
        (b"\xff.", "no opcode 0xff"),
        (b"\x80\x09.", "protocol 9"),
        (b"X\x01\0\0\0\xff.", "not UTF-8"),
        (b"(o.", "an object without a class"),
        (b"N\x85\x85Q.", "a name that is no plain text"),
        (b"ctorch._utils\n_rebuild_tensor\n(NNNNtR.", "a tensor without a storage"),
    ] {
        let said = refused(bytes);
        assert!(said.contains(word) && said.starts_with("byte "), "{:?}: {said}", String::from_utf8_lossy(bytes));
    }
}

/// How many values there are, counting those that are shared once.
fn values(root: Value<'_>) -> String {
    format!("{root:?}")
}

#[test]
fn bombs_stay_small() {
    // A million lists in each other.
    let deep = Pickle::new().op(&b"]".repeat(900_000)).op(&b"a".repeat(899_999)).end();
    assert_eq!(values(open(&with_pickle(&deep)).unwrap().root()), "a list of 1");
    // Each list holds the one before ten times, by memo and by DUP: 10^60 in all.
    for again in [&b"h\0"[..], b"2"] {
        let start = Pickle::new().op(b"]q\0");
        let bomb = (0..60).fold(start, |p, _| {
            if again == b"2" { p.op(b"22222\x87\x85]q\x01h\x01") } else { p.op(b"(").op(&again.repeat(10)).op(b"lq\0") }
        });
        let bytes = with_pickle(&bomb.end());
        let checkpoint = open(&bytes).unwrap();
        assert!(checkpoint.tensors().is_err());
    }
    // The same as modules, and as dictionaries of tensors.
    let class = Pickle::new().op(b"}q\0");
    let modules = (0..60).fold(class, |p, _| {
        let p = p.global("m", "M").op(b")R}(").text("_parameters").op(b"}").text("_modules").op(b"}(");
        ["a", "b", "c"].iter().fold(p, |p, name| p.text(name).op(b"h\0")).op(b"uubq\0")
    });
    let checkpoint = open(&with_pickle(&modules.end())).unwrap();
    assert!(checkpoint.tensors().is_err());
    let leaf = Pickle::new().op(b"}").text("t").tensor("Float", 1, 0, &[1], &[1]).op(b"sq\0");
    let dicts =
        (0..60).fold(leaf, |p, _| ["a", "b", "c"].iter().fold(p.op(b"}("), |p, n| p.text(n).op(b"h\0")).op(b"uq\0"));
    let dicts = Pickle(dicts.0).text("x").tensor("Float", 1, 0, &[1], &[1]).op(b"s.").0;
    let said = open(&with_storage(&dicts, &[0; 4])).unwrap().tensors().unwrap_err().to_string();
    assert!(said.contains("deeper than 64 modules") || said.contains("more than 100000"), "{said}");
    // A long list that is copied again and again.
    let list = Pickle::new().op(b"](").op(&b"N".repeat(500_000)).op(b"eq\0");
    let copies = (0..1000).fold(list, |p, _| p.global("builtins", "list").op(b"(h\0tR0"));
    assert!(refusal(&with_pickle(&copies.end())).contains("more than 4194304 steps"));
    let long = Pickle::new().text(&"x".repeat(500_000)).op(b"q\0");
    let copies = (0..1000).fold(long, |p, _| p.global("_codecs", "encode").op(b"(h\0tR0"));
    assert!(refusal(&with_pickle(&copies.end())).contains("more than 4194304 steps"));
    // Marks on a stack that was long once.
    let marks = Pickle::new().op(b"(").op(&b"N".repeat(1_000_000)).op(b"1").op(&b"(1".repeat(1_000_000)).op(b"N").end();
    assert!(open(&with_pickle(&marks)).unwrap().root().is_none());
    assert!(refused(&[&b"N"[..], &b"\x94".repeat(2 << 20)].concat()).contains("recalls more than 1048576 values"));
    assert!(refused(&b"]".repeat(1 << 20)).contains("more than 1048576 values"));
    assert!(refused(&b"(".repeat(5 << 20)).contains("more than 4194304 steps"));
}

#[test]
fn circles_end() {
    let list = open(&with_pickle(b"]q\0h\0a.")).unwrap();
    assert!(list.tensors().is_err());
    assert_eq!(format!("{:?}", list.root()), "a list of 1");
    let dict = Pickle::new().op(b"}q\0").text("t").tensor("Float", 1, 0, &[1], &[1]).op(b"s").text("d").op(b"h\0s.").0;
    let said = open(&with_storage(&dict, &[0; 4])).unwrap().tensors().unwrap_err().to_string();
    assert!(said.contains("deeper than 64 modules"), "{said}");
    let module = Pickle::new().global("m", "M").op(b")Rq\0}(").text("_parameters").op(b"}").text("_modules").op(b"}");
    let module = module.text("a").op(b"h\0sub.").0;
    let said = open(&with_pickle(&module)).unwrap().modules().unwrap_err().to_string();
    assert!(said.contains("deeper than 64 modules"), "{said}");
    // An object that is its own class, arguments and state.
    let own = open(&with_pickle(b"cm\nM\n)Rq\0h\0b.")).unwrap();
    assert!(own.root().get("x").is_none() && matches!(own.root().datum(), Datum::Object(_)));
}

#[test]
fn tensors_stay_within_their_storage() {
    for (count, offset, shape, strides, word) in [
        (4, 1, &[4][..], &[1][..], "does not fit into its storage of 4"),
        (4, 0, &[5], &[1], "does not fit into its storage of 4"),
        (4, 0, &[2, 2], &[3, 1], "does not fit"),
        (4, 0, &[2], &[i64::MAX], "does not fit"),
        (4, 0, &[3], &[i64::MAX], "does not fit"),
        (4, i64::MAX, &[2], &[1], "does not fit"),
        (4, 0, &[1 << 40, 1 << 40], &[0, 0], "does not fit"),
        (4, -1, &[1], &[1], "a count of -1"),
        (4, 0, &[-1], &[1], "a count of -1"),
        (4, 0, &[1], &[-1], "a count of -1"),
        (4, 0, &[1, 1], &[1], "do not belong together"),
        (4, 0, &[1; 9], &[1; 9], "a tensor of 9 axes"),
        (-4, 0, &[1], &[1], "a count of -4"),
        (i64::MAX, 0, &[1], &[1], "a storage of 9223372036854775807 numbers"),
        (5, 0, &[5], &[1], "expected 20 bytes (5 numbers of Float32), found 16"),
        (3, 0, &[3], &[1], "expected 12 bytes"),
    ] {
        let said = refusal(&with_storage(&Pickle::only_tensor(count, offset, shape, strides), &[0; 16]));
        assert!(said.contains(word), "{said}");
    }
    // One number read a million times over.
    let wide = open(&with_storage(&Pickle::only_tensor(4, 0, &[1 << 30, 1 << 30], &[0, 0]), &[0; 16])).unwrap();
    let said = wide.load(wide.tensors().unwrap()[0].1).unwrap_err().to_string();
    assert!(said.contains("read a number more than once"), "{said}");
    // A tensor of another file.
    let large = open(&with_storage(&Pickle::only_tensor(8, 0, &[8], &[1]), &[0; 32])).unwrap();
    let small = open(&with_storage(&Pickle::only_tensor(4, 0, &[4], &[1]), &[0; 16])).unwrap();
    assert!(small.load(large.tensors().unwrap()[0].1).unwrap_err().to_string().contains("not of this file"));
    let two_kinds =
        Pickle::new().op(b"(").tensor("Float", 4, 0, &[1], &[1]).tensor("Half", 8, 0, &[1], &[1]).op(b"t.").0;
    assert!(refusal(&with_storage(&two_kinds, &[0; 16])).contains("in another"));
    let complex = Pickle::new().op(b"}").text("t").tensor("ComplexFloat", 1, 0, &[1], &[1]).op(b"s.").0;
    assert!(refusal(&with_storage(&complex, &[0; 16])).contains("`torch.ComplexFloatStorage`, which is not read here"));
    assert!(refusal(&with_pickle(&Pickle::only_tensor(4, 0, &[4], &[1]))).contains("its archive has no `a/data/0`"));
}

#[test]
fn old_files_hold_what_they_say() {
    let object = Pickle::only_tensor(2, 0, &[2], &[1]);
    let keys = Pickle::new().op(b"]").text("0").op(b"a.").0;
    let with = |count: u64, bytes: &[u8]| [&count.to_le_bytes(), bytes].concat();
    assert!(open(&legacy(&object, &keys, &with(2, &[0; 8]))).is_ok());
    let twice = Pickle::new().op(b"](").text("0").text("0").op(b"e.").0;
    let other = Pickle::new().op(b"]").text("1").op(b"a.").0;
    for (keys, rest, word) in [
        (&keys, with(2, &[0; 7]), "goes beyond the end of the file"),
        (&keys, with(3, &[0; 12]), "expected 2 numbers, found 3"),
        (&keys, with(u64::MAX, &[0; 8]), "expected 2 numbers, found 18446744073709551615"),
        (&keys, vec![], "goes beyond the end"),
        (&twice, [with(2, &[0; 8]), with(2, &[0; 8])].concat(), "is twice in the file"),
        (&other, with(2, &[0; 8]), "storage `1` is in the file, but not in the pickle"),
        (&b"\x80\x02].".to_vec(), vec![], "storage `0` is in the pickle, but not in the file"),
        (&b"\x80\x02N.".to_vec(), vec![], "are no list"),
    ] {
        let said = refusal(&legacy(&object, keys, &rest));
        assert!(said.contains(word), "{said}");
    }
    assert!(refusal(b"\x80\x02}.").contains("its magic number is missing"));
    assert!(refusal(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xea\x03.").contains("version Some(1002)"));
}

#[test]
fn archives_are_plain() {
    let pickle: (&str, &[u8]) = ("a/data.pkl", b"\x80\x02}.");
    for (entries, word) in [
        (vec![("x/y", &b""[..])], "without a data.pkl"),
        (vec![], "is not a PyTorch checkpoint"),
        (vec![pickle, ("b/data.pkl", b"\x80\x02}.")], "more than one data.pkl"),
        (vec![pickle, ("a/data.pkl", b"\x80\x02}.")], "is twice in its archive"),
        (vec![pickle, ("a/../../etc/passwd", b"")], "whose name leads out of it"),
        (vec![pickle, ("/etc/passwd", b"")], "whose name leads out of it"),
        (vec![pickle, ("a\\b", b"")], "whose name leads out of it"),
        (vec![pickle, ("a/constants.pkl", b"")], "TorchScript"),
        (vec![pickle, ("a/code/x.py", b"")], "TorchScript"),
        (vec![pickle, ("a/byteorder", b"big")], "big-endian"),
    ] {
        let said = refusal(&zip(&entries));
        assert!(said.contains(word), "{said}");
    }
    let good = zip(&[pickle, ("a/byteorder", b"little")]);
    assert!(open(&good).is_ok());
    let at = |word: &[u8]| good.windows(word.len()).position(|w| w == word).unwrap();
    let (directory, end) = (at(b"PK\x01\x02"), at(b"PK\x05\x06"));
    let changed = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        refusal(&bad)
    };
    for (at, bytes, word) in [
        (directory + 10, &b"\x08"[..], "is compressed (method 8)"),
        (directory + 8, b"\x01", "is encrypted"),
        (directory + 20, b"\xff\xff\xff\x7f", "has two lengths"),
        (directory + 24, b"\xff\xff\xff\x7f", "has two lengths"),
        (directory + 20, b"\x99\x99\0\0\x99\x99\0\0", "overlap, or do not lie within it"),
        (directory + 20, b"\xff\xff\xff\xff\xff\xff\xff\xff", "directory is damaged"),
        (directory + 42, b"\x01\0\0\0", "is not where the archive's directory says"),
        (directory + 42, b"\xff\xff\0\0", "overlap, or do not lie within it"),
        (directory + 16, b"\x01\x02\x03\x04", "data.pkl is damaged: expected the checksum"),
        (30, b"b", "another name in its own header"),
        (end + 8, b"\x09\0\x09\0", "2 files, where the directory says 9"),
        (end + 12, b"\xff\xff\xff\x7f", "directory is not where its end says"),
        (end + 16, b"\0\0\0\0", "directory is not where its end says"),
        (end, b"xx", "without its end: the file was cut off"),
    ] {
        let said = changed(at, bytes);
        assert!(said.contains(word), "{said} ({word})");
    }
    let mut tar = vec![0; 600];
    tar[257..262].copy_from_slice(b"ustar");
    assert!(refusal(&tar).contains("is a tar archive"));
    assert_eq!(refusal(b""), "is empty");
    assert!(refusal(b"hello").contains("neither a zip archive nor a pickle"));
}

#[test]
fn archives_of_64_bits_are_read_or_refused() {
    let pickle = Pickle::only_tensor(4, 0, &[4], &[1]);
    // What newer releases write besides is left alone.
    let more = [("a/byteorder", &b"little"[..]), ("a/.format_version", b"1"), ("a/.data/serialization_id", b"123")];
    let entries = [&[("a/data.pkl", &pickle[..]), ("a/data/0", &[0; 16])], &more[..]].concat();
    let good = zip_64(&entries);
    let checkpoint = open(&good).unwrap();
    assert_eq!(checkpoint.load(checkpoint.tensors().unwrap()[0].1).unwrap(), [0.0; 4]);
    let at = |word: &[u8]| good.windows(word.len()).position(|w| w == word).unwrap();
    let (extra, end) = (at(b"FB\x01\0Z") + 5, at(b"PK\x06\x06"));
    for (at, bytes, word) in [
        (extra + 4, &[0xff; 16][..], "overlap, or do not lie within it"),
        (extra + 20, &[0xff; 8], "overlap, or do not lie within it"),
        (extra + 2, &[16], "directory is damaged"),
        (extra, &[2], "directory is damaged"),
        (end, b"xx", "directory is damaged"),
        (end + 32, &[9], "5 files, where the directory says 9"),
        (end + 40, &[0xff; 8], "directory is not where its end says"),
        (end + 48, &[0xff; 8], "directory is not where its end says"),
        (end + 56 + 8, &[0xff; 8], "directory is damaged"),
    ] {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        let said = refusal(&bad);
        assert!(said.contains(word), "{said} ({word})");
    }
}

#[test]
fn a_damaged_storage_is_found_when_it_is_read() {
    let mut bytes = with_storage(&Pickle::only_tensor(4, 0, &[4], &[1]), &[7; 16]);
    let at = bytes.windows(16).position(|w| w == [7; 16]).unwrap();
    bytes[at + 3] ^= 1;
    let checkpoint = open(&bytes).unwrap();
    let said = checkpoint.load(checkpoint.tensors().unwrap()[0].1).unwrap_err().to_string();
    assert!(said.contains("storage `0`: it is damaged"), "{said}");
}
