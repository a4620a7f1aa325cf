//! Whether what `style/tokens.css` puts on each other can be read, computed anew from the colours.
//!
//! Source: WCAG 2.2, success criteria 1.4.3 and 1.4.11; Björn Ottosson, "A perceptual color space".

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What text needs on what it stands on.
const TEXT: f64 = 4.5;
/// What the outline of a control, and a focus ring, need.
const SHAPE: f64 = 3.0;

/// The surfaces that text stands on.
const SURFACES: [&str; 3] = ["bg", "surface", "sunken"];

#[derive(Debug, Clone, Copy)]
struct Oklch {
    lightness: f64,
    chroma: f64,
    hue: f64,
}

impl Oklch {
    fn parse(text: &str) -> Option<Self> {
        let inside = text.trim().strip_prefix("oklch(")?.split(')').next()?;
        let mut numbers = inside.split('/').next()?.split_whitespace().map(str::parse::<f64>);
        let mut next = || numbers.next()?.ok();
        Some(Self { lightness: next()?, chroma: next()?, hue: next()? })
    }

    fn linear_rgb(self) -> [f64; 3] {
        let (sin, cos) = self.hue.to_radians().sin_cos();
        let (l, a, b) = (self.lightness, self.chroma * cos, self.chroma * sin);
        let long = (l + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let medium = (l - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let short = (l - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        [
            4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
            -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
            -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short,
        ]
    }

    fn luminance(self) -> f64 {
        let [r, g, b] = self.linear_rgb().map(|it| it.clamp(0.0, 1.0));
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }
}

fn contrast(a: Oklch, b: Oklch) -> f64 {
    let (a, b) = (a.luminance() + 0.05, b.luminance() + 0.05);
    a.max(b) / a.min(b)
}

/// Each colour token in light and in dark.
fn tokens() -> BTreeMap<String, [Oklch; 2]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../style/tokens.css");
    let text = fs::read_to_string(path).unwrap();
    let mut tokens = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        let Some((name, value)) = line.strip_prefix("--").and_then(|it| it.split_once(": ")) else {
            continue;
        };
        let Some(pair) = value.strip_prefix("light-dark(") else { continue };
        let (light, dark) = pair.split_once(", ").unwrap();
        let themes = [light, dark].map(|it| Oklch::parse(it).unwrap());
        tokens.insert(name.to_owned(), themes);
    }
    tokens
}

#[track_caller]
fn check(front: &str, back: &str, least: f64) {
    let tokens = tokens();
    for (theme, index) in [("light", 0), ("dark", 1)] {
        let ratio = contrast(tokens[front][index], tokens[back][index]);
        assert!(ratio >= least, "{front} on {back} is {ratio:.2}:1 in {theme}, not {least}:1");
    }
}

#[test]
fn text_can_be_read_on_every_surface() {
    for back in SURFACES {
        for front in ["fg", "fg-muted", "fg-subtle", "accent", "failed-fg"] {
            check(front, back, TEXT);
        }
    }
}

#[test]
fn every_state_can_be_read_on_its_tint_and_on_the_surfaces() {
    for tone in ["running", "sleeping", "pending", "attention", "failed", "offline"] {
        check(&format!("{tone}-fg"), &format!("{tone}-bg"), TEXT);
        check(&format!("{tone}-fg"), "surface", TEXT);
        check(&format!("{tone}-fg"), "sunken", TEXT);
    }
}

#[test]
fn the_words_on_buttons_can_be_read_also_under_the_pointer() {
    check("accent-fg", "accent", TEXT);
    check("accent-fg", "accent-hover", TEXT);
    check("danger-fg", "danger", TEXT);
    check("danger-fg", "danger-hover", TEXT);
    check("fg-muted", "line", TEXT);
}

#[test]
fn controls_and_the_focus_can_be_seen() {
    for back in SURFACES {
        check("ring", back, SHAPE);
    }
    check("line-control", "surface", SHAPE);
    check("line-control", "bg", SHAPE);
    check("danger", "surface", SHAPE);
}

#[test]
fn every_colour_is_one_that_screens_have() {
    for (name, themes) in tokens() {
        for colour in themes {
            let fits = colour.linear_rgb().iter().all(|it| (-0.002..=1.002).contains(it));
            assert!(fits, "{name} is outside sRGB: {:?}", colour.linear_rgb());
        }
    }
}
