//! Networks in the order in which the paper makes them larger (section 4.3): size together with the number of stages, then depth, then width.

use yolov4::{Result, low_level::model::scaled::Recipe};

/// A network of the family, scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaledNetwork {
    pub name: &'static str,
    pub size: usize,
    pub depth: f32,
    pub width: f32,
}

/// Name, smallest and largest side, and the step between: each network begins where it costs more than the largest one before it.
const RANGES: [(&str, usize, usize, usize); 5] = [
    ("yolov4-tiny", 192, 608, 32),
    ("yolov4-csp", 256, 736, 32),
    ("yolov4-p5", 640, 1024, 32),
    ("yolov4-p6", 1024, 1408, 64),
    ("yolov4-p7", 1152, 1792, 128),
];

/// Steps of depth and width.
const TENTH: f32 = 0.1;
const STEP: f32 = 1.0 / 32.0;
/// Smallest and largest widths; YOLOv4-tiny has no depth, and may be wider for it.
const NARROWEST: f32 = 0.25;
const WIDEST: f32 = 1.5;
const WIDEST_TINY: f32 = 2.0;

impl ScaledNetwork {
    /// As it would be composed.
    ///
    /// # Errors
    /// If there is no such network.
    pub fn recipe(&self, classes: usize) -> Result<Recipe> {
        let named = Recipe::named(self.name)?;
        let (depth, width) = (named.depth * self.depth, named.width * self.width);
        Ok(Recipe { size: (self.size, self.size), depth, width, classes, ..named })
    }

    fn is_tiny(&self) -> bool {
        self.name == RANGES[0].0
    }
}

/// The largest network that `fits`, as far as one factor after the other goes; none if not even the smallest does.
///
/// # Errors
/// What `fits` fails with.
pub fn largest(fits: &mut dyn FnMut(&ScaledNetwork) -> Result<bool>) -> Result<Option<ScaledNetwork>> {
    let plain = RANGES.iter().flat_map(|(name, least, most, step)| {
        (*least..=*most).step_by(*step).map(|size| ScaledNetwork { name, size, depth: 1.0, width: 1.0 })
    });
    let mut found = None;
    for candidate in plain {
        if !fits(&candidate)? {
            break;
        }
        found = Some(candidate);
    }
    let Some(mut found) = found else { return narrower(fits) };
    if !found.is_tiny() {
        found = further(found, 10, fits, |of, step| ScaledNetwork { depth: 1.0 + TENTH * step as f32, ..of })?;
    }
    let most = if found.is_tiny() { WIDEST_TINY } else { WIDEST };
    let steps = ((most - 1.0) / STEP) as usize;
    further(found, steps, fits, |of, step| ScaledNetwork { width: 1.0 + STEP * step as f32, ..of }).map(Some)
}

/// As many steps as fit.
fn further(
    from: ScaledNetwork,
    steps: usize,
    fits: &mut dyn FnMut(&ScaledNetwork) -> Result<bool>,
    next: impl Fn(ScaledNetwork, usize) -> ScaledNetwork,
) -> Result<ScaledNetwork> {
    let mut found = from.clone();
    for step in 1..=steps {
        let larger = next(from.clone(), step);
        if !fits(&larger)? {
            break;
        }
        found = larger;
    }
    Ok(found)
}

/// The smallest one, with fewer channels.
fn narrower(fits: &mut dyn FnMut(&ScaledNetwork) -> Result<bool>) -> Result<Option<ScaledNetwork>> {
    let (name, size, ..) = RANGES[0];
    let mut width = 1.0 - STEP;
    while width >= NARROWEST {
        let candidate = ScaledNetwork { name, size, depth: 1.0, width };
        if fits(&candidate)? {
            return Ok(Some(candidate));
        }
        width -= STEP;
    }
    Ok(None)
}
