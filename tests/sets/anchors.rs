//! Sizes of objects, and anchors for them.

use crate::place::Place;
use yolov4::dataset::{AnchorHead, ObjectShape, fit, make_anchors, shapes, sizes};

fn object(class: usize, centre: (f64, f64), size: (f64, f64)) -> ObjectShape {
    ObjectShape { picture: 0, class, centre, size }
}

#[test]
fn clusters_are_found() {
    // Three clouds, ten objects each, and the means that they were made around.
    let means = [(10.0, 20.0), (60.0, 50.0), (200.0, 100.0)];
    let off = |i: usize| (i as f64 - 4.5) / 45.0;
    let cloud =
        |(w, h): (f64, f64)| (0..10).map(move |i| object(0, (0.0, 0.0), (w * (1.0 + off(i)), h * (1.0 - off(i)))));
    let shapes: Vec<ObjectShape> = means.into_iter().flat_map(cloud).collect();
    for seed in 0..20 {
        let made = make_anchors(&shapes, 3, seed).unwrap();
        assert_eq!(made, make_anchors(&shapes, 3, seed).unwrap());
        let close = made.anchors.iter().zip(means).all(|(a, b)| (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9);
        assert!(close && made.mean_iou > 0.85, "seed {seed}: {made:?}");
    }
    let told = make_anchors(&shapes[..2], 3, 0).unwrap_err().to_string();
    assert_eq!(told, "3 anchors: expected objects of as many shapes or more, found 2");
    assert!(make_anchors(&[], 0, 0).is_err());
    let made = make_anchors(&shapes[..2], 2, 0).unwrap();
    assert!((made.mean_iou - 1.0).abs() < 1e-12);
}

#[test]
fn recall_by_hand() {
    let shapes = [
        // IoU with 10 x 10: 1, 0.5, 0.25 (a ratio of 4 is none below 4), and a shape of the anchor that no head has.
        object(0, (5.0, 5.0), (10.0, 10.0)),
        object(0, (20.0, 5.0), (10.0, 5.0)),
        object(1, (5.0, 40.0), (10.0, 2.5)),
        object(1, (50.0, 50.0), (100.0, 100.0)),
        // The cell and anchor of the first.
        object(0, (6.0, 7.0), (9.0, 10.0)),
        // Too small to be seen.
        object(1, (1.0, 1.0), (0.9, 5.0)),
    ];
    let heads = [AnchorHead { stride: 8, mask: vec![0] }];
    let classes = ["a".to_owned(), "b".to_owned()];
    let fits = fit(&shapes, &classes, &[(10.0, 10.0), (100.0, 100.0)], &heads);
    assert_eq!((fits.all.objects, fits.unassigned, fits.rewritten), (5, 1, 1));
    assert_eq!(fits.best_of, [4, 1]);
    assert_eq!((fits.all.by_iou, fits.all.by_ratio), (3.0 / 5.0, 3.0 / 5.0));
    assert_eq!((fits.classes[0].by_iou, fits.classes[1].by_iou), (1.0, 0.0));
    assert!((fits.classes[0].mean_iou - (1.0 + 0.5 + 0.9) / 3.0).abs() < 1e-12);
    assert!((fits.classes[1].mean_iou - (0.25 + 0.01) / 2.0).abs() < 1e-12);
    let text = fits.to_string();
    assert!(text.contains("1 objects fit an anchor best that no head has"), "{text}");
}

#[test]
fn where_objects_lie_on_a_canvas() {
    let place = Place::new();
    place.picture("images/a.png", (64, 32), 1);
    place.text("labels/a.txt", "0 0.5 0.5 0.25 0.5\n0 0.25 0.25 0.001 0.5\n");
    place.text("classes.txt", "cat\n");
    let mut set = place.open("");
    assert_eq!(sizes(&set, (128, 128), true).unmeasured, 1);
    set.measure(true);
    // 128 x 64 in the middle of 128 x 128.
    let boxed = shapes(&set.train, (128, 128), true);
    assert_eq!((boxed[0].centre, boxed[0].size), ((64.0, 64.0), (32.0, 32.0)));
    assert_eq!((boxed[1].centre, boxed[1].size), ((32.0, 48.0), (0.128, 32.0)));
    // 128 x 64 in the middle of 192 x 64.
    assert_eq!(shapes(&set.train, (192, 64), true)[0].centre, (96.0, 32.0));
    let stretched = shapes(&set.train, (128, 128), false);
    assert_eq!((stretched[1].centre, stretched[1].size), ((32.0, 32.0), (0.128, 64.0)));
    let table = sizes(&set, (128, 128), true);
    assert_eq!(table.classes, [("cat".to_owned(), [1, 0, 0, 1, 0, 0, 0])]);
    assert_eq!((table.unseen, table.unmeasured), (1, 0));
}
