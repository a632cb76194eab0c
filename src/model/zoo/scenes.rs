//! What the demo network is tried on.

/// Name and JPEG of each of four generated street scenes.
pub const SCENES: [(&str, &[u8]); 4] = [
    ("crossing", include_bytes!("../../../assets/images/crossing.jpg")),
    ("rain", include_bytes!("../../../assets/images/rain.jpg")),
    ("night", include_bytes!("../../../assets/images/night.jpg")),
    ("avenue", include_bytes!("../../../assets/images/avenue.jpg")),
];
