//! What is left to show when the page itself breaks: a page that says so and can be reloaded.

use std::panic::{PanicHookInfo, set_hook};

use leptos::prelude::document;

/// Shows an error page instead of a frozen one when the page panics.
pub fn install() {
    set_hook(Box::new(|info| {
        leptos::logging::error!("{info}");
        show(info);
    }));
}

/// Draws the page by hand: after a panic nothing of the framework can be trusted. The link is
/// `rel="external"`, so that the router, which is broken too, leaves the click to the browser.
fn show(info: &PanicHookInfo) {
    let document = document();
    let (Some(body), Ok(main)) = (document.body(), document.create_element("main")) else { return };
    main.set_class_name("crash");
    main.set_inner_html(
        r#"<h1 class="card-title">This page broke</h1>
        <p>That is a fault of Dormer, not of yours. What the server holds is untouched.</p>
        <p><a class="button" data-kind="primary" rel="external">Reload</a></p>
        <details><summary>Details</summary><pre tabindex="0"></pre></details>"#,
    );
    let here = document.location().and_then(|it| it.pathname().ok()).unwrap_or_default();
    let search = document.location().and_then(|it| it.search().ok()).unwrap_or_default();
    if let Ok(Some(link)) = main.query_selector("a") {
        _ = link.set_attribute("href", &format!("{here}{search}"));
    }
    if let Ok(Some(details)) = main.query_selector("pre") {
        details.set_text_content(Some(&info.to_string()));
    }
    body.replace_children_with_node_1(&main);
}
