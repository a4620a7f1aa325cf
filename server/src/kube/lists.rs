//! The order of a list that was merged of two.

use std::collections::HashMap;

use serde_json::Value;

/// Where each item stands, by what tells it from the others. Of two alike, the first counts.
pub fn places(
    list: &[Value],
    identity: impl Fn(&Value) -> Option<String>,
) -> HashMap<String, usize> {
    let known = list.iter().enumerate().rev();
    known.filter_map(|(i, it)| Some((identity(it)?, i))).collect()
}

/// Puts the items that `order` names in its order, and the others between them where the order
/// `before` had them.
pub fn in_order(
    items: Vec<Value>,
    order: &[Value],
    before: &[Value],
    identity: impl Fn(&Value) -> Option<String>,
) -> Vec<Value> {
    let (order, before) = (places(order, &identity), places(before, &identity));
    let place = |list: &HashMap<String, usize>, item: &Value| {
        identity(item).and_then(|it| list.get(&it).copied())
    };
    let (mut named, others): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|it| place(&order, it).is_some());
    named.sort_by_cached_key(|it| place(&order, it));
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    let mut all = Vec::new();
    loop {
        let other_first = match (others.peek(), named.peek()) {
            (Some(other), Some(it)) => {
                matches!((place(&before, other), place(&before, it)), (Some(a), Some(b)) if a < b)
            }
            (Some(_), None) => true,
            (None, _) => false,
        };
        match if other_first { others.next() } else { named.next() } {
            Some(item) => all.push(item),
            None => return all,
        }
    }
}
