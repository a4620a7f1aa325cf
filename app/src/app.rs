//! The page as a whole: what every part of it can ask for, and which URL shows which page.

use dormer_api::session::Instance;
use gloo_timers::future::sleep;
use leptos::mount::mount_to;
use leptos::prelude::*;
use leptos_router::components::{ParentRoute, Redirect, Route, Router, Routes};
use leptos_router::path;
use wasm_bindgen::JsCast;

use crate::client::{ASK_AGAIN, CallError, Client};
use crate::clock::Clock;
use crate::pages::{
    AccessKeysPage, ClustersPage, ConnectClusterPage, Frame, InvitePage, LoginPage, NotFoundPage,
    RenewDialog, UsersPage, VclustersPage,
};
use crate::session::{Session, Who};
use crate::{crash, paths};

/// Facts about the instance, read once.
#[derive(Clone, Copy)]
pub struct InstanceFacts(pub LocalResource<Result<Instance, CallError>>);

/// Starts the page. The static frame of `index.html` stays until it is known who is signed in, so
/// that nothing is drawn twice.
pub fn start() {
    crash::install();
    let owner = Owner::new();
    owner.set();
    let session = Session::new();
    // Not the framework's own: that one is set up by the mounting.
    wasm_bindgen_futures::spawn_local(async move {
        session.ask().await;
        let root = document().get_element_by_id("app").and_then(|it| it.dyn_into().ok());
        if let Some(root) = root {
            let root: web_sys::HtmlElement = root;
            root.replace_children_with_node_0();
            mount_to(root, move || view! { <App session/> }).forget();
        }
        while session.is_unreachable() {
            sleep(ASK_AGAIN).await;
            session.ask().await;
        }
    });
    // The session lives for as long as the page.
    std::mem::forget(owner);
}

/// Everything.
#[component]
fn App(session: Session) -> impl IntoView {
    let client = Client::of(session);
    provide_context(session);
    provide_context(client);
    provide_context(Clock::running());
    provide_context(InstanceFacts(LocalResource::new(move || async move {
        client.get_patiently::<Instance>(paths::api::INSTANCE).await
    })));
    let home = || view! { <Redirect path=paths::VCLUSTERS/> };

    view! {
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/login") view=LoginPage/>
                <Route path=path!("/invite") view=InvitePage/>
                <ParentRoute path=path!("") view=Frame>
                    <Route path=path!("/") view=home/>
                    <Route path=path!("/spaces") view=home/>
                    <Route path=path!("/vclusters") view=VclustersPage/>
                    <Route path=path!("/clusters") view=ClustersPage/>
                    <Route path=path!("/clusters/connect/:name?") view=ConnectClusterPage/>
                    <Route path=path!("/users") view=UsersPage/>
                    <Route path=path!("/access-keys") view=AccessKeysPage/>
                    <Route path=path!("/profile/access-keys") view=AccessKeysPage/>
                    <Route path=path!("/*any") view=NotFoundPage/>
                </ParentRoute>
            </Routes>
            <Show when=move || session.has_expired() && session.who() != Who::Nobody>
                <RenewDialog/>
            </Show>
        </Router>
    }
}
