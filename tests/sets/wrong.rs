//! Data sets with one thing wrong in each: that is told, and nothing else.

use crate::place::Place;
use yolov4::dataset::Severity;

/// What is told of Darknet's files after `spoil`, and the first message.
fn told(spoil: impl Fn(&Place)) -> (Vec<String>, String) {
    let place = Place::darknet();
    spoil(&place);
    let report = place.check("obj.data");
    let first = report.faults.first().map_or_else(String::new, |fault| place.short(&fault.to_string()));
    (place.kinds(&report), first)
}

/// Labels of one picture, and what is told of them: line and kind.
fn labels(text: &[u8]) -> (Vec<String>, String) {
    let (kinds, first) = told(|place| place.bytes("obj/a.txt", text));
    (kinds.iter().map(|kind| kind.replace("obj/a.txt:", "").replace("obj/a.txt ", "")).collect(), first)
}

const GOOD: &str = "0 0.5 0.5 0.25 0.25\n1 0.25 0.5 0.125 0.5\n";

#[test]
fn nothing_is_wrong() {
    assert_eq!(told(|_| {}).0, [""; 0]);
}

#[test]
fn a_missing_file_of_labels() {
    let (kinds, first) = told(|place| place.remove("obj/a.txt"));
    assert_eq!(kinds, ["obj/a.png NoLabels"]);
    assert_eq!(first, "obj/a.png: warning: has no labels, and counts as a picture of nothing: there is no obj/a.txt");
}

#[test]
fn no_labels_at_all() {
    let (kinds, first) = told(|place| ["obj/a.txt", "obj/b.txt"].iter().for_each(|name| place.remove(name)));
    // In the order of the files' names.
    assert_eq!(kinds, ["obj.names:1 NoExamples", "obj.names:2 NoExamples", "train.txt NothingLabelled"]);
    assert_eq!(first, "obj.names:1: warning: class 0, cat, has no object to learn from");
}

#[test]
fn an_empty_file_of_labels() {
    for text in ["", "\n", "\r\n \r\n"] {
        let (kinds, first) = labels(text.as_bytes());
        assert_eq!(kinds, ["Negative"]);
        assert_eq!(first, "obj/a.txt: note: is empty: a picture of nothing");
    }
}

#[test]
fn lines_that_are_no_labels() {
    let (kinds, first) = labels(format!("{GOOD}zero 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1\n0 0,5 0,5 0,1 0,1\n").as_bytes());
    assert_eq!(kinds, ["3 Unparsable", "4 Fields", "5 Unparsable"]);
    assert!(
        first.ends_with("expected class, centre x, centre y, width, height, found `zero 0.5 0.5 0.1 0.1`"),
        "{first}"
    );
}

#[test]
fn more_fields_than_a_box_has() {
    let (kinds, first) = labels(format!("0 0.1 0.1 0.2 0.1 0.2 0.2\n{GOOD}0 0.7 0.7 0.1 0.1 0.99\n").as_bytes());
    assert_eq!(kinds, ["1 Fields", "4 Fields"]);
    assert!(first.ends_with("(an outline?)"), "{first}");
}

#[test]
fn classes_without_a_name() {
    let (kinds, first) =
        labels(format!("{GOOD}2 0.7 0.7 0.1 0.1\n-1 0.7 0.7 0.1 0.1\ndog 0.7 0.7 0.1 0.1\n").as_bytes());
    assert_eq!(kinds, ["3 UnknownClass", "4 UnknownClass", "5 UnknownClass"]);
    assert!(first.ends_with("class 2: there are 2 names, 0 to 1"), "{first}");
}

#[test]
fn boxes_that_reach_out() {
    let (kinds, first) = labels(format!("{GOOD}0 0.95 0.5 0.2 0.1\n0 1.5 0.5 0.2 0.2\n0 32 24 10 10\n").as_bytes());
    assert_eq!(kinds, ["3 OverEdge", "4 Outside", "5 Outside"]);
    assert_eq!(
        first,
        "obj/a.txt:3: warning: box of cat (centre x, y, width, height in fractions: 0.95 0.5 0.2 0.1) reaches out of the picture, and \
         is clipped"
    );
    let (kinds, _) = labels(
        format!("{GOOD}0 0.05 0.5 0.2 0.1\n0 0.5 -0.01 0.2 0.1\n0 0.5 0.99 0.2 0.1\n0 -0.2 0.5 0.2 0.1\n").as_bytes(),
    );
    assert_eq!(kinds, ["3 OverEdge", "4 OverEdge", "5 OverEdge", "6 Outside"]);
    // Three decimals are no fault.
    assert_eq!(labels(format!("{GOOD}0 0.667 0.5 0.667 0.1\n").as_bytes()).0, [""; 0]);
}

#[test]
fn boxes_of_no_size() {
    let (kinds, first) = labels(format!("{GOOD}0 0.5 0.5 0 0.1\n0 0.5 0.5 -0.1 0.1\n").as_bytes());
    assert_eq!(kinds, ["3 NoSize", "4 NegativeSize"]);
    assert!(first.ends_with("has no size, and is left out"), "{first}");
}

#[test]
fn what_is_no_number() {
    let (kinds, _) = labels(format!("{GOOD}0 nan 0.5 0.1 0.1\n0 0.5 inf 0.1 0.1\n").as_bytes());
    assert_eq!(kinds, ["3 NotANumber", "4 NotANumber"]);
}

#[test]
fn an_object_that_is_marked_twice() {
    let (kinds, first) = labels(format!("{GOOD}1 0.5 0.5 0.25 0.25\n0 0.50 0.500 .25 0.25\n").as_bytes());
    assert_eq!(kinds, ["4 Duplicate"]);
    assert!(first.ends_with("is marked twice, first in line 1, and counts once"), "{first}");
}

#[test]
fn texts_of_other_editors() {
    assert_eq!(labels(GOOD.replace('\n', "\r\n").as_bytes()).0, [""; 0]);
    assert_eq!(labels(format!("\u{feff}{GOOD}").as_bytes()).0, ["1 Encoding"]);
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    assert_eq!(labels(&utf16(&format!("\u{feff}{GOOD}2 0.5 0.5 0.1 0.1\n"))).0, ["1 Encoding", "3 UnknownClass"]);
    // No mark, no text.
    let (kinds, _) = labels(&utf16(GOOD));
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| kind.ends_with("Fields") || kind.ends_with("Unparsable")));
}

#[test]
fn a_picture_beside_which_the_labels_are_one() {
    let noise: Vec<u8> = (0..5000_u32).map(|i| if i % 7 == 0 { b'\n' } else { (i % 251) as u8 | 0x80 }).collect();
    let (kinds, _) = labels(&noise);
    assert_eq!(kinds.len(), 21, "{kinds:?}");
}

#[test]
fn pictures_that_cannot_be_read() {
    let (kinds, first) = told(|place| {
        place.text("obj/a.png", "no picture");
        place.bytes("obj/c.png", b"");
    });
    assert_eq!(kinds, ["obj/a.png Unreadable", "obj/c.png Unreadable"]);
    assert!(first.starts_with("obj/a.png: error: cannot be decoded"), "{first}");
    let (kinds, _) = told(|place| {
        let whole = std::fs::read(place.path("obj/b.png")).unwrap();
        place.bytes("obj/b.png", &whole[..whole.len() / 2]);
    });
    assert_eq!(kinds, ["obj/b.png Unreadable"]);
}

#[test]
fn lists_of_what_is_not_there() {
    let (kinds, first) = told(|place| place.text("train.txt", "obj/a.png\r\nobj/x.png\r\n\r\nobj/b.png\r\n"));
    assert_eq!(kinds, ["train.txt:2 NoPicture"]);
    assert_eq!(first, "train.txt:2: error: there is no obj/x.png, nor obj/x.png");
    let (kinds, _) = told(|place| place.text("valid.txt", "elsewhere/c.png\nelsewhere/d.png\n"));
    assert_eq!(kinds, ["obj.data EmptyList", "valid.txt:1 NoPicture"]);
    let (kinds, _) = told(|place| place.remove("valid.txt"));
    assert_eq!(kinds, ["obj.data EmptyList", "obj.data:3 NoPicture"]);
}

#[test]
fn lists_of_windows_are_read() {
    let list = "\u{feff}obj\\a.png\r\nobj\\b.png\r\n";
    assert_eq!(told(|place| place.text("train.txt", list)).0, [""; 0]);
    let utf16: Vec<u8> = list.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(told(|place| place.bytes("train.txt", &utf16)).0, [""; 0]);
}

#[test]
fn a_picture_that_is_listed_twice() {
    let (kinds, first) = told(|place| place.text("train.txt", "obj/a.png\nobj/b.png\nobj/a.png\n"));
    assert_eq!(kinds, ["train.txt:3 ListedTwice"]);
    assert_eq!(first, "train.txt:3: warning: obj/a.png is listed twice, first in line 1, and counts once");
}

#[test]
fn empty_lists() {
    let (kinds, first) = told(|place| place.text("valid.txt", "\n"));
    assert_eq!(kinds, ["obj.data EmptyList", "valid.txt:1 EmptyList"]);
    assert_eq!(first, "obj.data: error: there is no picture to measure on while learning");
    let (kinds, _) = told(|place| place.text("train.txt", ""));
    assert_eq!(kinds, ["obj.data EmptyList", "train.txt:1 EmptyList"]);
    let (kinds, _) = told(|place| place.text("obj.data", "train = train.txt\nnames = obj.names\n"));
    assert_eq!(kinds, ["obj.data EmptyList"]);
}

#[test]
fn what_is_measured_on_was_learnt_from() {
    let (kinds, first) = told(|place| place.text("valid.txt", "obj/c.png\nobj/d.png\nobj/b.png\n"));
    assert_eq!(kinds, ["valid.txt:3 Leak"]);
    assert_eq!(first, "valid.txt:3: error: is valid and train at once: obj/b.png is the same path");
    let copied = |place: &Place| {
        std::fs::copy(place.path("obj/a.png"), place.path("obj/c.png")).unwrap();
    };
    let (kinds, first) = told(copied);
    assert_eq!(kinds, ["obj/c.png Leak"]);
    assert!(first.ends_with("obj/a.png is the same file under another name"), "{first}");
    // The same picture, packed in another way.
    let (kinds, first) = told(|place| {
        let pixels = image::open(place.path("obj/a.png")).unwrap();
        image::DynamicImage::from(pixels.to_rgba8()).save(place.path("obj/c.png")).unwrap();
    });
    assert_eq!(kinds, ["obj/c.png Leak"]);
    assert!(first.ends_with("obj/a.png is the same pixels in another file"), "{first}");
    let (kinds, first) =
        told(|place| place.text("obj.data", "train = train.txt\nvalid = train.txt\nnames = obj.names\n"));
    assert_eq!(kinds, ["train.txt Leak"]);
    assert_eq!(first, "train.txt: error: all 2 pictures of valid are train too");
}

#[test]
fn a_picture_under_two_names() {
    let (kinds, first) = told(|place| {
        std::fs::copy(place.path("obj/a.png"), place.path("obj/b.png")).unwrap();
    });
    assert_eq!(kinds, ["obj/b.png Copy"]);
    assert!(first.contains("warning"), "{first}");
}

#[test]
fn classes_without_examples() {
    let (kinds, first) = told(|place| {
        place.text("obj.names", "cat\ndog\ncow\n");
        place.text("obj.data", "classes = 3\ntrain = train.txt\nvalid = valid.txt\nnames = obj.names\n");
        place.text("obj/a.txt", "2 0.5 0.5 0.1 0.1\n");
        ["b", "c", "d"].iter().for_each(|name| place.text(&format!("obj/{name}.txt"), "0 0.5 0.5 0.1 0.1\n"));
    });
    assert_eq!(kinds, ["obj.names:2 NoExamples", "obj.names:2 NoExamples", "obj.names:3 NoExamples"]);
    assert_eq!(first, "obj.names:2: warning: class 1, dog, has no object to be measured on");
}

#[test]
fn labels_without_a_picture() {
    let (kinds, first) = told(|place| {
        place.text("obj/lost.txt", GOOD);
        place.text("obj/classes.txt", "cat\ndog\n");
        place.text("obj/notes.txt", "five words of plain text\n");
        // Not listed, but there.
        place.picture("obj/e.png", (64, 48), 9);
        place.text("obj/e.txt", GOOD);
    });
    assert_eq!(kinds, ["obj/lost.txt Orphan"]);
    assert!(first.starts_with("obj/lost.txt: warning: "), "{first}");
}

#[test]
fn names_that_contradict() {
    let (kinds, first) =
        told(|place| place.text("obj.data", "classes=3\ntrain=train.txt\nvalid=valid.txt\nnames=obj.names\n"));
    assert_eq!(kinds, ["obj.data:1 ClassNames"]);
    assert_eq!(first, "obj.data:1: error: classes = 3, but obj.names has 2 names");
    let (kinds, _) = told(|place| {
        place.text("obj.data", "train = train.txt\nvalid = valid.txt\nnames = obj.names\n");
        place.text("obj.names", "cat\ndog\n\nCat\ndog\n");
    });
    // Of those three there is no object either, in either part.
    let unused = |line: usize| [format!("obj.names:{line} NoExamples"), format!("obj.names:{line} NoExamples")];
    let mut expected = vec!["obj.names:3 ClassNames".to_owned()];
    expected.extend(unused(3));
    expected.extend(unused(4));
    expected.push("obj.names:4 SimilarNames".into());
    expected.push("obj.names:5 ClassNames".into());
    expected.extend(unused(5));
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    assert_eq!(sorted(kinds), sorted(expected));
    let (kinds, _) = told(|place| place.bytes("obj.names", b"caf\xe9\ndog\n"));
    assert_eq!(kinds, ["obj.names:1 Encoding"]);
}

#[test]
fn all_is_told_at_once() {
    let (kinds, _) = told(|place| {
        place.text("obj/a.txt", "0 0.5 0.5 0 0\n1 0.5 0.5 0.1\n");
        place.text("obj/b.png", "no picture");
        place.remove("obj/c.txt");
        place.text("train.txt", "obj/a.png\nobj/b.png\nobj/x.png\n");
    });
    assert_eq!(
        kinds,
        [
            "obj/a.txt:1 NoSize",
            "obj/a.txt:2 Fields",
            "obj/b.png Unreadable",
            "obj/c.png NoLabels",
            "train.txt:3 NoPicture"
        ]
    );
    let place = Place::darknet();
    place.text("obj/a.txt", "0 0.5 0.5 0 0\n7 0.5 0.5 0.1 0.1\n");
    place.text("obj/b.txt", "");
    let report = place.check("obj.data");
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| report.count(severity));
    assert_eq!(counts, [1, 3, 1], "{:?}", report.faults);
    assert_eq!(report.summary.parts[0].negatives, 2);
    assert_eq!(report.summary.classes[0].left_out, 1);
}

#[test]
fn a_set_without_its_files_is_refused() {
    let place = Place::darknet();
    place.remove("obj.names");
    assert!(
        place.refused("obj.data").starts_with("obj.data:4: names: there is no obj.names"),
        "{}",
        place.refused("obj.data")
    );
    let place = Place::darknet();
    place.remove("train.txt");
    assert!(place.refused("obj.data").starts_with("obj.data:2: train: there is no"));
    place.text("obj.data", "names = obj.names\n");
    assert_eq!(place.refused("obj.data"), "obj.data:1: expected `train`, which names the train file, found none");
}
