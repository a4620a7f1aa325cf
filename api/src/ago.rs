//! Instants and spans in words, as every list shows them.

/// One minute, in seconds.
pub const MINUTE: i64 = 60;
/// One hour, in seconds.
pub const HOUR: i64 = 60 * MINUTE;
/// One day, in seconds.
pub const DAY: i64 = 24 * HOUR;
/// From here on a span is told in weeks, then months: days alone say little.
const WEEKS_FROM: i64 = 14 * DAY;
/// From here on a span is told in months.
const MONTHS_FROM: i64 = 60 * DAY;
/// The mean Gregorian month, in seconds, rounded to the day.
const MONTH: i64 = 30 * DAY;

/// A span in one unit, rounded down: `41 min`, `2 h`, `5 d`. Less than nothing counts as nothing.
///
/// ```
/// assert_eq!(dormer_api::ago::span(3 * 3600 + 59), "3 h");
/// ```
#[must_use]
pub fn span(seconds: i64) -> String {
    match seconds.max(0) {
        s if s < MINUTE => format!("{s} s"),
        s if s < HOUR => format!("{} min", s / MINUTE),
        s if s < 2 * DAY => format!("{} h", s / HOUR),
        s if s < WEEKS_FROM => format!("{} d", s / DAY),
        s if s < MONTHS_FROM => format!("{} weeks", s / (7 * DAY)),
        s => format!("{} months", s / MONTH),
    }
}

/// How long ago `then` was: `just now` within ten seconds (clocks differ), else `3 min ago`.
#[must_use]
pub fn ago(then: i64, now: i64) -> String {
    match now - then {
        ..10 => "just now".to_owned(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// How far off `then` is: `in 41 min`, or `now` once it has come.
#[must_use]
pub fn until(then: i64, now: i64) -> String {
    match then - now {
        ..=0 => "now".to_owned(),
        seconds => format!("in {}", span(seconds)),
    }
}

/// A span as a person would set it, in the largest unit that divides it: `1 h`, `90 min`, `30 d`.
#[must_use]
pub fn exact(seconds: i64) -> String {
    match seconds {
        s if s >= DAY && s % DAY == 0 => format!("{} d", s / DAY),
        s if s >= HOUR && s % HOUR == 0 => format!("{} h", s / HOUR),
        s if s >= MINUTE && s % MINUTE == 0 => format!("{} min", s / MINUTE),
        s => format!("{s} s"),
    }
}

/// Unix seconds of an RFC 3339 instant; a fraction of a second is dropped. `None` for anything else.
///
/// Kubernetes writes `2026-11-20T16:08:00Z`, with or without a fraction or an offset.
#[must_use]
pub fn unix(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't'])?;
    let mut date = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone_at);
    let clock = clock.split('.').next()?;
    let mut clock = clock.split(':').map(str::parse::<i64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    let in_range = (0..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    let local = days_from_civil(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second;
    in_range.then_some(local - offset(zone)?)
}

/// Seconds east of UTC of `Z`, `+02:00` or `-05:30`.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()? * HOUR + minutes.parse::<i64>().ok()? * MINUTE))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_span_is_told_in_one_unit() {
        let told = [-5, 0, 59, 60, 3599, 3600, 47 * HOUR, 48 * HOUR, 20 * DAY, 90 * DAY].map(span);
        let words =
            ["0 s", "0 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 d", "2 weeks", "3 months"];
        assert_eq!(told, words);
    }

    #[test]
    fn a_clock_that_is_ahead_says_just_now_and_never_in_the_future() {
        assert_eq!(ago(1_000, 990), "just now");
        assert_eq!(ago(1_000, 1_180), "3 min ago");
    }

    #[test]
    fn what_is_overdue_is_now() {
        assert_eq!(until(10, 10), "now");
        assert_eq!(until(10 + 41 * MINUTE, 10), "in 41 min");
    }

    #[test]
    fn a_setting_is_told_without_rounding() {
        assert_eq!(exact(5400), "90 min");
        assert_eq!(exact(3600), "1 h");
        assert_eq!(exact(30 * DAY), "30 d");
        assert_eq!(exact(61), "61 s");
    }

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(unix(text), expected, "{text:?}");
    }

    #[test]
    fn instants_are_read_with_fractions_and_offsets() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2000-02-29T12:00:00Z", Some(951_825_600));
        check("2026-11-20T16:08:00.123456Z", Some(1_795_190_880));
        check("2026-11-20T18:08:00+02:00", Some(1_795_190_880));
        check("2026-11-20T10:38:00-05:30", Some(1_795_190_880));
    }

    #[test]
    fn what_is_not_an_instant_is_nothing() {
        for text in ["", "3m", "2026-11-20", "2026-13-01T00:00:00Z", "2026-11-20T16:08:00", "TZ"] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".{0,40}") {
            _ = unix(&text);
        }

        #[test]
        fn days_follow_each_other(year in 1970i64..2200, day in 1i64..28, month in 1i64..13) {
            let next = days_from_civil(year, month, day + 1);
            prop_assert_eq!(days_from_civil(year, month, day) + 1, next);
        }
    }
}
