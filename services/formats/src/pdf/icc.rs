//! What do gray and RGB samples look like? A colour profile of sRGB, made here.
//!
//! Format: ICC.1:2001-04, a monitor profile of three matrix columns and one tone curve (section 6.3.2.2); colours: IEC
//! 61966-2-1, adapted to the profiles' white, D50, by the Bradford transform (ICC.1:2001-04 annex E).

/// Red, green and blue as X, Y and Z under D50, and D50 itself.
const PRIMARIES: [[f64; 3]; 3] =
    [[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.71410]];
const WHITE: [f64; 3] = [0.9642, 1.0, 0.8249];
/// Between so many points of the curve lines are straight: nowhere off by half a step of 8 bits.
const CURVE_POINTS: u16 = 33;

/// The profile, the same bytes every time.
pub(super) fn srgb() -> Vec<u8> {
    let [red, green, blue] = PRIMARIES.map(place);
    let curve = curve();
    profile(
        *b"mntrRGB XYZ ",
        &[
            (b"desc", description("sRGB")),
            (b"cprt", text("No copyright is claimed")),
            (b"wtpt", place(WHITE)),
            (b"rXYZ", red),
            (b"gXYZ", green),
            (b"bXYZ", blue),
            (b"rTRC", curve.clone()),
            (b"gTRC", curve.clone()),
            (b"bTRC", curve),
        ],
    )
}

/// Header (section 6.1) and tagged elements; elements alike are written once. `kind` is the device's class, its
/// colours and the connection space.
fn profile(kind: [u8; 12], elements: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let data_at = 128 + 4 + 12 * elements.len();
    let (mut table, mut data) = ((elements.len() as u32).to_be_bytes().to_vec(), Vec::new());
    let mut last: Option<(&Vec<u8>, usize)> = None;
    for (tag, element) in elements {
        let at = match last {
            Some((same, at)) if same == element => at,
            _ => data_at + data.len(),
        };
        if last.is_none_or(|(_, before)| before != at) {
            data.extend(element);
            data.resize(data.len().next_multiple_of(4), 0);
        }
        last = Some((element, at));
        table.extend(*tag);
        table.extend([at as u32, element.len() as u32].map(u32::to_be_bytes).as_flattened());
    }
    let mut profile = ((data_at + data.len()) as u32).to_be_bytes().to_vec();
    profile.extend([0, 0, 0, 0, 2, 0x10, 0, 0]); // no preferred engine; version 2.1
    profile.extend(kind);
    profile.extend([2026, 1, 1, 0, 0, 0].map(u16::to_be_bytes).as_flattened());
    profile.extend(b"acsp");
    profile.extend([0; 28]); // platform to attributes: none; perceptual intent
    profile.extend(WHITE.map(fixed).as_flattened());
    profile.resize(128, 0);
    [profile, table, data].concat()
}

/// Section 6.5.20, and s15Fixed16Number of 5.3.
fn place(xyz: [f64; 3]) -> Vec<u8> {
    [b"XYZ \0\0\0\0".as_slice(), xyz.map(fixed).as_flattened()].concat()
}

fn fixed(value: f64) -> [u8; 4] {
    ((value * 65_536.0).round() as i32).to_be_bytes()
}

/// Section 6.5.3.
fn curve() -> Vec<u8> {
    let points = (0..CURVE_POINTS).map(|n| f64::from(n) / f64::from(CURVE_POINTS - 1));
    let values = points.flat_map(|x| ((linear(x) * 65_535.0).round() as u16).to_be_bytes());
    b"curv\0\0\0\0".iter().copied().chain(u32::from(CURVE_POINTS).to_be_bytes()).chain(values).collect()
}

/// IEC 61966-2-1 section 5.2.
fn linear(sample: f64) -> f64 {
    if sample <= 0.04045 { sample / 12.92 } else { ((sample + 0.055) / 1.055).powf(2.4) }
}

/// Sections 6.5.17 (ASCII only) and 6.5.18.
fn description(name: &str) -> Vec<u8> {
    let length = (name.len() as u32 + 1).to_be_bytes();
    [b"desc\0\0\0\0".as_slice(), &length, name.as_bytes(), &[0; 1 + 4 + 4 + 2 + 1 + 67]].concat()
}

fn text(words: &str) -> Vec<u8> {
    [b"text\0\0\0\0".as_slice(), words.as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_white_and_the_sizes_are_right() {
        for at in 0..3 {
            let sum: f64 = PRIMARIES.iter().map(|primary| primary[at]).sum();
            assert!((sum - WHITE[at]).abs() < 0.0005, "{at}: {sum}");
        }
        let profile = srgb();
        assert_eq!(profile[..4], (profile.len() as u32).to_be_bytes());
        assert_eq!(&profile[36..40], b"acsp");
    }

    /// The curve's straight pieces against the formula, in steps of 8 bits.
    #[test]
    fn the_curve_is_close_enough() {
        let steps = f64::from(CURVE_POINTS - 1);
        for sample in (0..=255).map(|n| f64::from(n) / 255.0) {
            let (low, high) = ((sample * steps).floor() / steps, (sample * steps).ceil() / steps);
            let share = if high > low { (sample - low) / (high - low) } else { 0.0 };
            let found = linear(low) + share * (linear(high) - linear(low));
            let slope = (linear(sample + 0.001) - linear(sample)) / 0.001;
            assert!((found - linear(sample)).abs() / slope * 255.0 < 0.5, "{sample}");
        }
    }
}
