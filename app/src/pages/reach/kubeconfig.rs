//! A kubeconfig file to download or copy.

use leptos::prelude::*;
use stylers::style;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use super::key::MadeKey;
use crate::ui::{CopyButton, Icon, IconKind};

/// The file, hidden until it is asked for; or what it would hold.
#[component]
pub fn KubeconfigTab(
    /// The name of the virtual cluster.
    name: String,
    /// The file with the key in it; nothing while there is no key.
    #[prop(into)]
    file: Signal<Option<String>>,
    /// The key in it.
    key: RwSignal<Option<MadeKey>>,
    /// The secret is shown.
    reveal: RwSignal<bool>,
) -> impl IntoView {
    let class = style! {
        .kubeconfig-text {
            padding: var(--space-3);
            border-radius: var(--radius);
            background: var(--sunken);
            white-space: pre-wrap;
            overflow-wrap: anywhere;
        }
    };
    let text = Signal::derive(move || file.get().unwrap_or_default());
    let shown = move || {
        let secret = key.get().map(|key| key.secret).unwrap_or_default();
        match reveal.get() {
            true => text.get(),
            false => text.get().replace(&secret, "vck_••••••••••••"),
        }
    };
    let name = StoredValue::new(format!("{name}.kubeconfig"));
    let file_name = move || name.get_value();

    view! { class = class,
        <Show
            when=move || file.with(Option::is_some)
            fallback=|| {
                view! {
                    <p class="muted">
                        "A file for "
                        <code>"kubectl --kubeconfig"</code>
                        ", for CI and for tools that read a kubeconfig. It holds a key of its own: make one above."
                    </p>
                }
            }
        >
            <div class="row">
                <button
                    type="button"
                    class="button"
                    data-kind="primary"
                    on:click=move |_| _ = download(&file_name(), &text.get_untracked())
                >
                    <Icon kind=IconKind::Download/>
                    {move || format!("Download {}", file_name())}
                </button>
                <CopyButton text label="Copy the kubeconfig"/>
            </div>
            <pre class=format!("kubeconfig-text {class}")>{shown}</pre>
        </Show>
    }
}

/// Hands a text to the browser as a file. Nothing when the browser has no such thing.
fn download(name: &str, text: &str) -> Option<()> {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let options = BlobPropertyBag::new();
    options.set_type("application/yaml");
    let blob = Blob::new_with_str_sequence_and_options(&parts, &options).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let link: HtmlAnchorElement = document().create_element("a").ok()?.dyn_into().ok()?;
    link.set_href(&url);
    link.set_download(name);
    link.set_rel("external");
    link.click();
    // The download has its own hold on the blob by the next turn.
    set_timeout(move || _ = Url::revoke_object_url(&url), std::time::Duration::from_secs(1));
    Some(())
}
