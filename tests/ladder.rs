//! Which rung is able to do what, and which is guessed, on adapters that there are none of here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use yolov4::low_level::{
    kernels::{
        activation::ActivationKind,
        conv::Problem,
        ladder::{Caps, Coop, Variant},
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
    }
}

fn card(coop: Coop) -> Caps {
    Caps { software: false, subgroup: true, half: true, coop, binding: 1 << 27 }
}

#[test]
fn cooperative_matrices_are_used_where_every_subgroup_is_of_one_size() {
    let takes = |v: Variant, eight, sixteen, lanes| v.takes(&problem(32, 1), &card(Coop { eight, sixteen, lanes }));
    assert!(takes(Variant::Coop16, false, true, 32) && takes(Variant::Coop16, false, true, 64));
    assert!(takes(Variant::Coop8, true, false, 8) && takes(Variant::Coop8, true, false, 32));
    // Not listed; the driver may choose; a workgroup that is no multiple of the tile; one that is too large.
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
