//! The time, as a context: so that what shows an age shows it anew.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// How often what depends on the time is drawn again.
const TICK: Duration = Duration::from_secs(1);

/// The time, true to the second.
#[derive(Clone, Copy)]
pub struct Clock(RwSignal<i64>);

impl Clock {
    /// A clock that runs for as long as the page.
    pub fn running() -> Self {
        let clock = Self(RwSignal::new(read()));
        set_interval(move || clock.0.set(read()), TICK);
        clock
    }

    /// Unix seconds; what reads them is drawn again each second.
    pub fn now(self) -> i64 {
        self.0.get()
    }
}

/// The clock of this page.
pub fn current() -> Clock {
    expect_context()
}

/// Unix seconds, once.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds of any date fit in an i64")]
pub fn read() -> i64 {
    (js_sys::Date::now() / 1000.0) as i64
}

/// An instant in the person's own words and zone, to the second.
pub fn absolute(unix: i64) -> String {
    let date = date(unix);
    let options = js_sys::Object::new();
    for (key, value) in [("dateStyle", "medium"), ("timeStyle", "long")] {
        // Setting a property of a plain object cannot fail.
        _ = js_sys::Reflect::set(&options, &key.into(), &value.into());
    }
    String::from(date.to_locale_string("en-GB", &options))
}

/// A day in the person's own zone.
pub fn day(unix: i64) -> String {
    let options = js_sys::Object::new();
    _ = js_sys::Reflect::set(&options, &"dateStyle".into(), &"medium".into());
    String::from(date(unix).to_locale_string("en-GB", &options))
}

/// The form for machines, RFC 3339.
pub fn machine(unix: i64) -> String {
    String::from(date(unix).to_iso_string())
}

#[expect(clippy::cast_precision_loss, reason = "a date is far below 2^53 milliseconds")]
fn date(unix: i64) -> js_sys::Date {
    js_sys::Date::new(&JsValue::from_f64((unix * 1000) as f64))
}
