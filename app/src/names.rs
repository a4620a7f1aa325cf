//! Names for virtual clusters that nobody has to think of.

use dormer_api::name::slug;

/// How a name begins.
const MOODS: [&str; 32] = [
    "amber", "bold", "brave", "bright", "brisk", "calm", "clear", "clever", "cosy", "eager",
    "fair", "fleet", "gentle", "glad", "golden", "happy", "keen", "kind", "lively", "lucky",
    "mellow", "merry", "nimble", "proud", "quick", "quiet", "silver", "sunny", "swift", "tidy",
    "warm", "wise",
];
/// How a name ends.
const ANIMALS: [&str; 32] = [
    "badger", "bear", "beaver", "crane", "deer", "dolphin", "eagle", "falcon", "finch", "fox",
    "gecko", "hare", "heron", "ibis", "jay", "koala", "lark", "lynx", "marten", "mole", "moose",
    "newt", "otter", "owl", "panda", "puffin", "raven", "robin", "seal", "swan", "tern", "wren",
];

/// Two words at random, such as `calm-otter`.
pub fn random() -> String {
    pair(js_sys::Math::random(), js_sys::Math::random())
}

/// The words at these places, each from 0 to 1.
fn pair(mood: f64, animal: f64) -> String {
    format!("{}-{}", pick(&MOODS, mood), pick(&ANIMALS, animal))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a list has few words"
)]
fn pick(words: &[&'static str], at: f64) -> &'static str {
    let index = (at * words.len() as f64) as usize;
    words.get(index).copied().unwrap_or("new")
}

/// The next id to try where `id` is taken: `calm-otter-2`, then `calm-otter-3`.
pub fn after(id: &str) -> String {
    let (stem, number) = match id.rsplit_once('-') {
        Some((stem, digits)) => match digits.parse::<u32>() {
            Ok(number) => (stem, number),
            Err(_) => (id, 1),
        },
        None => (id, 1),
    };
    slug(&format!("{stem} {}", number.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use dormer_api::name::vcluster_id;

    use super::*;

    #[test]
    fn every_name_is_an_id() {
        for mood in 0..32 {
            for animal in 0..32 {
                let name = pair(f64::from(mood) / 32.0, f64::from(animal) / 32.0);
                assert_eq!(vcluster_id(&name), Ok(()), "{name}");
            }
        }
    }

    #[test]
    fn a_taken_name_is_counted_up() {
        assert_eq!(after("calm-otter"), "calm-otter-2");
        assert_eq!(after("calm-otter-2"), "calm-otter-3");
        assert_eq!(after("web"), "web-2");
    }
}
