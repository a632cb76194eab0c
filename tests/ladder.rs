//! Which rung is able to do what, and which is guessed, on adapters that there are none of here; how weights are packed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use yolov4::low_level::{
    kernels::{
        Precision,
        activation::ActivationKind,
        conv::{Caps, CardClass, Coop, Problem, Sink, Variant},
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
    Caps { subgroup: true, half: true, coop, binding: 1 << 27, ..Caps::default() }
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
    let deep = Problem { output: Shape::new(512, 52, 52), ..Problem::plain(Shape::new(256, 52, 52), 512, 1) };
    assert_eq!(Variant::choose(&deep, &caps), Variant::Coop16);
    assert_eq!(Variant::choose(&problem(3, 1), &caps), Variant::Stem);
    assert_eq!(Variant::choose(&deep, &card(Coop::default())), Variant::Block128);
    let software = Caps { software: true, ..caps };
    let guess = Variant::choose(&deep, &software);
    assert!(!matches!(guess, Variant::Coop8 | Variant::Coop16), "{guess:?}");
}

#[test]
fn few_workgroups_share_their_sums_and_windows_of_three_go_by_winograd_on_every_card() {
    for class in [CardClass::Rdna2, CardClass::Rdna3, CardClass::Ampere, CardClass::Dg2] {
        let f32 = Caps::of(class, Precision::F32);
        // Twelve workgroups of block64: most of a card would stand still.
        assert_eq!(
            Variant::choose(&Problem::plain(Shape::new(512, 13, 13), 256, 1), &f32),
            Variant::Split,
            "{class:?}"
        );
        let three = Problem::plain(Shape::new(256, 26, 26), 256, 3);
        let winograd = Variant::choose(&three, &f32);
        assert!(matches!(winograd, Variant::Winograd2 | Variant::Winograd4), "{class:?}: {winograd:?}");
        // The larger form loses too much of what is stored in 16 bits.
        assert_ne!(Variant::choose(&three, &Caps::of(class, Precision::F16)), Variant::Winograd4, "{class:?}");
        // Fewer channels than the transforms are worth.
        let thin = Variant::choose(&Problem::plain(Shape::new(8, 26, 26), 8, 3), &f32);
        assert!(!matches!(thin, Variant::Winograd2 | Variant::Winograd4), "{class:?}: {thin:?}");
    }
    // One with a twentieth of the registers of a card is full of far fewer workgroups.
    let small = Caps::of(CardClass::Integrated, Precision::F32);
    assert_ne!(Variant::choose(&Problem::plain(Shape::new(128, 52, 52), 128, 1), &small), Variant::Split);
}

#[test]
fn a_second_wave_works_while_the_first_one_waits() {
    let caps = Caps::of(CardClass::Rdna2, Precision::F32);
    // One and two waves on each of 160 SIMDs: twice the work, and what a load takes is waited for once.
    let micros = |h: usize| Variant::Block64.micros(&Problem::plain(Shape::new(1024, h, 64), 64, 1), &caps);
    let (one, two) = (micros(160), micros(320));
    assert!(two > 1.1 * one && two < 1.8 * one, "{one} and {two} us");
}

#[test]
fn shares_have_something_to_do_each() {
    let caps = Caps::of(CardClass::Rdna2, Precision::F32);
    let vectors = |channels: usize| {
        let problem = Problem::plain(Shape::new(channels, 13, 13), 64, 1);
        assert!(Variant::Split.takes(&problem, &caps));
        Variant::Split.scratch(&problem, &caps)[0] / problem.output.vectors()
    };
    // Of four blocks at least: 8, 16, and as many as there may be.
    assert_eq!([32, 64, 512].map(vectors), [2, 4, 8]);
}

#[test]
fn a_guess_is_the_fastest_of_what_it_has_looked_at_and_grows_with_the_work() {
    let caps = Caps::of(CardClass::Rdna2, Precision::F32);
    let mut last = 0.0;
    for side in [13, 26, 52, 104] {
        let problem = Problem::plain(Shape::new(256, side, side), 256, 1);
        let guesses = Variant::guesses(&problem, &caps);
        let best = guesses.iter().map(|(_, us)| *us).fold(f64::INFINITY, f64::min);
        assert_eq!(guesses.iter().find(|(_, us)| *us == best).unwrap().0, Variant::choose(&problem, &caps));
        assert!(best > last, "{side}: {best} us after {last}");
        last = best;
        // No card of this class multiplies and adds faster than 23 TFLOP/s.
        assert!(guesses.iter().all(|(_, us)| problem.flop() / us < 23.05e6), "{guesses:?}");
    }
}

#[test]
fn adapters_are_known_by_their_names() {
    for (name, kind, class) in [
        ("AMD Radeon RX 6900 XT (RADV NAVI21)", "discrete", CardClass::Rdna2),
        ("AMD Radeon RX 7900 XTX (RADV NAVI31)", "discrete", CardClass::Rdna3),
        ("AMD Radeon 780M Graphics (RADV PHOENIX)", "integrated", CardClass::Integrated),
        ("NVIDIA GeForce RTX 3080", "discrete", CardClass::Ampere),
        ("NVIDIA H200", "discrete", CardClass::Ampere),
        ("Intel(R) Arc(tm) A770 Graphics (DG2)", "discrete", CardClass::Dg2),
        ("AMD Radeon PRO W7900", "discrete", CardClass::Rdna3),
        ("Intel(R) Graphics", "discrete", CardClass::Dg2),
        ("Intel(R) UHD Graphics 770 (ADL-S GT1)", "integrated", CardClass::Integrated),
        ("Apple M1 Pro", "integrated", CardClass::Apple),
        ("unnamed adapter", "other", CardClass::Rdna2),
    ] {
        assert_eq!(CardClass::of(name, kind), class, "{name}");
    }
}

#[test]
fn a_single_pixel_has_a_rung_of_its_own_on_cards() {
    let pixels = |h, w| Problem { input: Shape::new(32, h, w), output: Shape::new(64, h, w), ..problem(32, 1) };
    let caps = card(Coop::default());
    assert_eq!(Variant::choose(&pixels(1, 1), &caps), Variant::Vector);
    assert_ne!(Variant::choose(&pixels(3, 3), &caps), Variant::Vector);
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
    // Cooperative matrices have the inputs of an output side by side, in panels of 64 outputs.
    let caps = card(Coop { sixteen: true, lanes: 32, ..Coop::default() });
    let elements = Variant::Coop16.packed_len(&problem, &caps);
    let (packed, _) = together(elements, |sink| Variant::Coop16.pack(&problem, &caps, &weights, sink));
    for (n, weight) in weights.iter().enumerate() {
        let (o, i, tap) = (n / 9 / ic, n / 9 % ic, n % 9);
        let tile = place(16, (o, i, tap), (ic.div_ceil(4), 9)) / 16 * 16;
        assert_eq!(packed[tile + o % 4 * 4 + i % 4], *weight, "{o}, {i}, {tap}");
    }
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
