//! Which rows of a long list are in sight: only those are in the document.

use std::ops::Range;

use leptos::html;
use leptos::prelude::*;

/// Up to so many rows all are in the document, so that the browser's own search finds them.
const ALL_UP_TO: usize = 60;
/// How many rows are kept ready above and below what is in sight.
const SPARE: usize = 10;
/// How high a row is taken for until one can be measured, in CSS pixels.
const ROW_GUESS: f64 = 52.0;

/// The rows in sight, and how much room the others take.
#[derive(Debug, Clone, PartialEq)]
pub struct InSight {
    /// The rows.
    pub rows: Range<usize>,
    /// The room above, in CSS pixels.
    pub above: f64,
    /// The room below, in CSS pixels.
    pub below: f64,
}

/// What is in sight of `count` rows in `body`, as the window scrolls.
pub fn in_sight(body: NodeRef<html::Tbody>, count: Signal<usize>) -> Memo<InSight> {
    // The top of the body against the top of the window, and the height of the window.
    let place = RwSignal::new((0.0, f64::from(1000_u16)));
    let measure = move || {
        if let Some(body) = body.get_untracked() {
            let height = window().inner_height().ok().and_then(|it| it.as_f64());
            place.set((body.get_bounding_client_rect().top(), height.unwrap_or(1000.0)));
        }
    };
    let scrolled = window_event_listener_untyped("scroll", move |_| measure());
    let resized = window_event_listener_untyped("resize", move |_| measure());
    on_cleanup(move || {
        scrolled.remove();
        resized.remove();
    });
    Memo::new(move |_| {
        let count = count.get();
        if count <= ALL_UP_TO {
            return InSight { rows: 0..count, above: 0.0, below: 0.0 };
        }
        let (top, height) = place.get();
        let row = body.get_untracked().and_then(|body| row_height(&body)).unwrap_or(ROW_GUESS);
        cut(count, row, -top, height)
    })
}

/// The rows of `count`, each `row` high, of which the part from `offset` on is in sight for
/// `height`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "row counts are far below 2^52, and the floats are floored at 0"
)]
fn cut(count: usize, row: f64, offset: f64, height: f64) -> InSight {
    let first = ((offset / row).max(0.0) as usize).saturating_sub(SPARE).min(count);
    let shown = (height / row).max(0.0).ceil() as usize + 2 * SPARE;
    let last = first.saturating_add(shown).min(count);
    InSight { rows: first..last, above: first as f64 * row, below: (count - last) as f64 * row }
}

/// The height of a row that is there.
fn row_height(body: &web_sys::HtmlElement) -> Option<f64> {
    let row = body.query_selector("tr:not(.table-gap)").ok()??;
    let height = row.get_bounding_client_rect().height();
    (height > 1.0).then_some(height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_sight_is_drawn_and_the_rest_keeps_its_room() {
        let seen = cut(10_000, 50.0, 100_000.0, 1000.0);
        assert_eq!(seen.rows, 1990..2030);
        assert!((seen.above - 1990.0 * 50.0).abs() < 1e-6);
        assert!((seen.below - 7970.0 * 50.0).abs() < 1e-6);
    }

    #[test]
    fn the_ends_of_the_list_have_no_room_beyond() {
        assert_eq!(cut(1000, 50.0, -300.0, 500.0).rows.start, 0);
        let end = cut(1000, 50.0, 1e9, 500.0);
        assert_eq!((end.rows.end, end.below as i64), (1000, 0));
    }
}
