//! Which rung is able to do what, and which is guessed, on adapters that there are none of here; how weights are packed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use yolov4::low_level::{
    kernels::{
        activation::ActivationKind,
        conv::{Caps, Coop, Problem, Sink, Variant},
    },
    tensor::Shape,
};

fn problem(input: usize, groups: usize) -> Problem {
    Problem {
        input: Shape::new(input, 13, 13),
        output: Shape::new(64, 13, 13),
        size: 3,
        stride: (1, 1),
        pad: 1,
        dilation: 1,
        groups,
        activation: ActivationKind::Linear,
        residual: None,
        upsample: 1,
        pictures: 1,
        parts: 1,
    }
}

fn card(coop: Coop) -> Caps {
    Caps { software: false, subgroup: true, half: true, coop, binding: 1 << 27 }
}

#[test]
fn cooperative_matrices_are_used_where_a_workgroup_is_a_multiple_of_its_tile() {
    let takes = |v: Variant, eight, sixteen, lanes| v.takes(&problem(32, 1), &card(Coop { eight, sixteen, lanes }));
    assert!(takes(Variant::Coop16, false, true, 32) && takes(Variant::Coop16, false, true, 64));
    assert!(takes(Variant::Coop8, true, false, 8) && takes(Variant::Coop8, true, false, 32));
    // Not listed; no subgroups; a workgroup that is no multiple of the tile; one that is too large.
    assert!(!takes(Variant::Coop16, true, false, 32) && !takes(Variant::Coop8, false, true, 32));
    assert!(!takes(Variant::Coop16, true, true, 0) && !takes(Variant::Coop8, true, true, 0));
    assert!(!takes(Variant::Coop16, true, true, 8) && !takes(Variant::Coop8, true, true, 4));
    assert!(!takes(Variant::Coop16, true, true, 128));
    let caps = card(Coop { eight: true, sixteen: true, lanes: 32 });
    assert!(!Variant::Coop16.takes(&problem(32, 2), &caps) && !Variant::Coop8.takes(&problem(32, 2), &caps));
}

#[test]
fn cooperative_matrices_are_guessed_on_cards_for_more_channels_than_a_picture_has() {
    let caps = card(Coop { eight: true, sixteen: true, lanes: 32 });
    assert_eq!(Variant::choose(&problem(32, 1), &caps), Variant::Coop16);
    assert_eq!(Variant::choose(&problem(3, 1), &caps), Variant::Stem);
    assert_eq!(Variant::choose(&problem(32, 1), &card(Coop::default())), Variant::Block64);
    let software = Caps { software: true, ..caps };
    let guess = Variant::choose(&problem(32, 1), &software);
    assert!(!matches!(guess, Variant::Coop8 | Variant::Coop16), "{guess:?}");
}

#[test]
fn a_single_pixel_has_a_rung_of_its_own_on_cards() {
    let pixels = |h, w| Problem { input: Shape::new(32, h, w), output: Shape::new(64, h, w), ..problem(32, 1) };
    let caps = card(Coop::default());
    assert_eq!(Variant::choose(&pixels(1, 1), &caps), Variant::Vector);
    assert_eq!(Variant::choose(&pixels(3, 3), &caps), Variant::Block64);
    assert!(!Variant::Vector.takes(&pixels(3, 3), &caps), "each pixel reads all weights again");
    assert_ne!(Variant::choose(&pixels(1, 1), &Caps { software: true, ..caps }), Variant::Vector);
}

/// Pieces put together; each element must come once.
fn together(elements: usize, pack: impl Fn(&mut Sink<'_>)) -> (Vec<f32>, usize) {
    let (mut all, mut pieces) = (vec![f32::NAN; elements], 0);
    pack(&mut |first, piece| {
        let place = &mut all[first..first + piece.len()];
        assert!(place.iter().all(|element| element.is_nan()), "element {first} comes twice");
        place.copy_from_slice(piece);
        pieces += 1;
    });
    assert!(all.iter().all(|element| !element.is_nan()), "an element is missing");
    (all, pieces)
}

/// Where a weight lies in panels of so many blocks: `[OC/4/blocks, taps, IC/4, blocks, 4 inputs, 4 outputs]`.
fn place(blocks: usize, (o, i, tap): (usize, usize, usize), (ic4, taps): (usize, usize)) -> usize {
    let (panel, block) = (o / 4 / blocks, o / 4 % blocks);
    ((((panel * taps + tap) * ic4 + i / 4) * blocks + block) * 4 + i % 4) * 4 + o % 4
}

/// One whose GEMMs are [`Variant::Subgroup`].
fn processor() -> Caps {
    Caps { software: true, subgroup: true, binding: 1 << 27, ..Caps::default() }
}

/// Blocks of a panel of its weights.
const TILE_BLOCKS: usize = 8;

/// Channels that fill no panel and no block, and more of them than one piece holds.
const WIDE: (usize, usize) = (126, 270);

fn wide() -> (Problem, Vec<f32>) {
    let (ic, oc) = WIDE;
    let wide = Problem { input: Shape::new(ic, 64, 64), output: Shape::new(oc, 64, 64), ..problem(ic, 1) };
    (wide, (0..ic * oc * 9).map(|n| (n * 7919 % 4093) as f32 / 4093.0 - 0.5).collect())
}

#[test]
fn weights_come_in_pieces_each_where_its_kernel_reads_it() {
    let ((problem, weights), (ic, oc)) = (wide(), WIDE);
    let caps = processor();
    let elements = Variant::Subgroup.packed_len(&problem, &caps);
    let (packed, pieces) = together(elements, |sink| Variant::Subgroup.pack(&problem, &caps, &weights, sink));
    assert!(pieces > 1, "one piece only");
    for (n, weight) in weights.iter().enumerate() {
        let (o, i, tap) = (n / 9 / ic, n / 9 % ic, n % 9);
        assert_eq!(packed[place(TILE_BLOCKS, (o, i, tap), (ic.div_ceil(4), 9))], *weight, "{o}, {i}, {tap}");
    }
    let used = packed.iter().filter(|element| **element != 0.0).count();
    assert_eq!(used, weights.iter().filter(|weight| **weight != 0.0).count(), "zeros where there is no channel");
    assert_eq!(oc.div_ceil(32) * 32 * ic.next_multiple_of(4) * 9, elements);
}

#[test]
fn filters_for_winograd_are_values_of_polynomials_at_six_points() {
    let ((problem, weights), (ic, _)) = (wide(), WIDE);
    let caps = processor();
    // The products of its 256 tiles.
    assert_eq!(Variant::gemm(16 * 16, &caps), Variant::Subgroup);
    let elements = Variant::Winograd4.packed_len(&problem, &caps);
    let (packed, pieces) = together(elements, |sink| Variant::Winograd4.pack(&problem, &caps, &weights, sink));
    assert!(pieces > 36, "one piece a point only");
    // Each point, and what the input's transform leaves out there; the last one is infinity.
    let points = [(0.0, 0.25), (1.0, -1.0 / 6.0), (-1.0, -1.0 / 6.0), (2.0, 1.0 / 24.0), (-2.0, 1.0 / 24.0)];
    let value = |k: usize, [a, b, c]: [f64; 3]| points.get(k).map_or(c, |(t, scale)| scale * (a + b * t + c * t * t));
    for (n, filter) in weights.chunks_exact(9).enumerate().step_by(7) {
        let (o, i) = (n / ic, n % ic);
        let at = |y: usize, x: usize| f64::from(filter[y * 3 + x]);
        for point in 0..36 {
            let column = |x: usize| value(point / 6, [at(0, x), at(1, x), at(2, x)]);
            let want = value(point % 6, [column(0), column(1), column(2)]);
            let got = packed[point * elements / 36 + place(TILE_BLOCKS, (o, i, 0), (ic.div_ceil(4), 1))];
            assert!((f64::from(got) - want).abs() < 1e-7, "point {point} of {o}, {i}: {got} instead of {want}");
        }
    }
}
