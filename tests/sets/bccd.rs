//! BCCD: 364 pictures of blood cells, VOC's layout.

use std::path::Path;

use crate::place::decode;

use yolov4::dataset::{
    AnchorHead, Fault, FaultKind, SetPart, TrainingSet, Validation, check, fit, make_anchors, shapes, sizes,
};

#[test]
fn what_is_in_it_and_what_is_wrong() {
    let Some(root) = crate::place::data("datasets/bccd") else { return };
    let set = TrainingSet::open(&root).unwrap();
    assert_eq!(set.classes, ["Platelets", "RBC", "WBC"]);
    assert_eq!(SetPart::ALL.map(|part| set.part(part).len()), [205, 87, 72]);
    let report = check(&set, &|bytes, path| decode(bytes, path));
    let counts: Vec<usize> =
        report.summary.classes.iter().map(|class| class.boxes.iter().sum::<usize>() + class.left_out).collect();
    assert_eq!(counts, [361, 4155, 372]);
    assert_eq!(report.summary.classes[1].left_out, 2);
    println!("{}", report.summary);
    let told = |fault: &Fault| (fault.file.file_name().unwrap().to_str().unwrap().to_owned(), fault.line, fault.kind);
    let expected = [("00338", 158), ("00343", 50)]
        .map(|(number, line)| (format!("BloodImage_{number}.xml"), Some(line), FaultKind::NoSize));
    assert_eq!(report.faults.iter().map(told).collect::<Vec<_>>(), expected);
}

#[test]
fn sizes_and_anchors() {
    let Some(root) = crate::place::data("datasets/bccd") else { return };
    let mut set = TrainingSet::open(&root).unwrap();
    set.measure(true);
    let table = sizes(&set, (416, 416), true);
    println!("{table}");
    let objects: usize = table.classes.iter().flat_map(|(_, counts)| counts).sum();
    assert_eq!(objects, set.train.iter().map(|picture| picture.truths().len()).sum::<usize>());
    let shapes = shapes(&set.train, (416, 416), false);
    let tiny = [(10.0, 14.0), (23.0, 27.0), (37.0, 58.0), (81.0, 82.0), (135.0, 169.0), (344.0, 319.0)];
    let heads = [AnchorHead { stride: 32, mask: vec![3, 4, 5] }, AnchorHead { stride: 16, mask: vec![1, 2, 3] }];
    let fits = fit(&shapes, &set.classes, &tiny, &heads);
    println!("{fits}");
    // As a script of its own has them.
    assert_eq!((fits.all.objects, fits.rewritten, fits.unassigned), (2804, 12, 0));
    assert!((fits.all.mean_iou - 0.749_474_299_504_391).abs() < 1e-12, "{}", fits.all.mean_iou);
    let made = make_anchors(&shapes, 6, 1).unwrap();
    println!("{made:?}");
    let better = fit(&shapes, &set.classes, &made.anchors, &heads);
    println!("{better}");
    assert!(made.mean_iou > fits.all.mean_iou);
    assert_eq!(made, make_anchors(&shapes, 6, 1).unwrap());
}

/// The pictures that a seed chooses, which every system must choose: changing them changes what people compare.
#[test]
fn a_split_is_the_same_everywhere() {
    let Some(root) = crate::place::data("datasets/bccd") else { return };
    let split = |seed: u64, turn: bool| {
        let mut set = TrainingSet::open(&root).unwrap();
        if turn {
            set.train.reverse();
        }
        set.split(&Validation::Fraction(0.2), seed).unwrap();
        let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut names: Vec<String> = set.valid.iter().map(|picture| name(&picture.image.path)).collect();
        names.sort();
        (names, set.train.len())
    };
    let (names, rest) = split(1, false);
    assert_eq!(names.len() + rest, 292);
    assert_eq!(names.len(), 58);
    let first = ["00003", "00004", "00005", "00017", "00023", "00024"].map(|number| format!("BloodImage_{number}"));
    assert_eq!(names[..6], first);
    assert_eq!(split(1, true), (names.clone(), rest));
    assert_ne!(split(2, false).0, names);
}

/// Texts that people have: byte order marks, Latin-1, CRLF, a number that is not that of the names.
#[test]
fn texts_of_public_reports() {
    let Some(cases) = crate::place::data("cases") else { return };
    let place = crate::place::Place::darknet();
    let told = |names: &str, data: &str| {
        std::fs::copy(cases.join(names), place.path(names)).unwrap();
        place.text("obj.data", &format!("{data}\r\nnames = {names}\r\ntrain = train.txt\r\nvalid = valid.txt\r\n"));
        let report = place.check("obj.data");
        // Of twenty classes only two are in the pictures.
        let kinds = place.kinds(&report);
        let (unused, others): (Vec<String>, Vec<String>) =
            kinds.into_iter().partition(|kind| kind.ends_with("NoExamples"));
        assert_eq!(unused.len(), 36);
        others
    };
    assert_eq!(told("11-bom.names", "\u{feff}classes = 20"), [""; 0]);
    assert_eq!(told("crlf.names", "classes = 20"), [""; 0]);
    assert_eq!(told("crlf.names", "classes = 3"), ["obj.data:1 ClassNames"]);
    let latin1 = told("20-latin1.names", "classes = 20");
    assert!(
        matches!(&latin1[..], [only] if only.starts_with("20-latin1.names:") && only.ends_with("Encoding")),
        "{latin1:?}"
    );
}
