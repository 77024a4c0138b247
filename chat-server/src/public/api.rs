//! The HTTP API: its routes, and the document about them, which is made from the same code.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use hubbub_protocol::{
    http::{API_PAGE_PATH, OPENAPI_PATH, Problem},
    limits::Limited,
};
use utoipa::{
    OpenApi, PartialSchema, ToSchema,
    openapi::{ContentBuilder, Ref, ResponseBuilder, path::PathItem},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{
    ClientAddress,
    accounts::{me, sessions, users},
    classic, guests,
    rooms::{about, lists, members, messages},
    tokens,
};
use crate::{
    problem::{HttpError, PROBLEM_JSON},
    server::Server,
};

/// What the page may do: run what came with it, and talk to its server. The style of single elements is set by
/// the script, as is usual for it.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(info(
    title = "Hubbub",
    description = "Chat over HTTP. What happens in rooms as it happens comes over the WebSocket at `/ws`, which \
        docs/protocol.md describes, as it does all limits and errors."
))]
struct Document;

/// Every call of the API. What is added here is in the document as well.
fn calls() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(guests::create))
        .merge(account_calls())
        .merge(room_calls())
        .merge(classic_calls())
}

fn account_calls() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::new()
        .routes(routes!(users::register))
        .routes(routes!(users::look_up))
        .routes(routes!(sessions::create, sessions::list, sessions::delete_all))
        .routes(routes!(sessions::delete_current))
        .routes(routes!(sessions::delete_one))
        .routes(routes!(me::read, me::change, me::delete))
        .routes(routes!(me::change_password))
        .routes(routes!(tokens::issue))
        .routes(routes!(tokens::keys))
}

fn room_calls() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::new()
        .routes(routes!(lists::mine))
        .routes(routes!(lists::forget))
        .routes(routes!(lists::list, lists::create))
        .routes(routes!(lists::direct))
        .routes(routes!(about::look, about::change, about::delete))
        .routes(routes!(about::read))
        .routes(routes!(members::list))
        .routes(routes!(members::put, members::delete))
        .routes(routes!(messages::page, messages::post))
        .routes(routes!(messages::edit, messages::delete))
        .routes(routes!(messages::react))
}

fn classic_calls() -> OpenApiRouter<Arc<Server>> {
    OpenApiRouter::new()
        .routes(routes!(classic::users::create, classic::users::log_in))
        .routes(routes!(classic::messages::post, classic::messages::list))
}

/// The calls, their document, and the page that shows it.
pub(super) fn router(server: Arc<Server>) -> Router {
    let (calls, document) = calls().split_for_parts();
    let document = Json(with_problems(document));
    let paced = from_fn_with_state(Arc::clone(&server), paced);
    calls
        .route_layer(paced)
        .with_state(server)
        .route(OPENAPI_PATH, get(async move || ([(header::CACHE_CONTROL, "no-cache")], document)))
        .merge(page())
}

/// Every call may be answered with a problem document, whatever else it says.
fn with_problems(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    let problem = ResponseBuilder::new()
        .description("What is wrong: `type` ends with the code of the error.")
        .content(PROBLEM_JSON, content)
        .build();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        operation.responses.responses.insert("default".to_owned(), problem.clone().into());
    }
    let schemas = &mut document.components.get_or_insert_default().schemas;
    schemas.insert(Problem::name().into_owned(), Problem::schema());
    document
}

/// Those that this API has a use for.
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut utoipa::openapi::path::Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().filter_map(Option::as_mut)
}

/// Lets in who does not ask too often.
async fn paced(
    State(server): State<Arc<Server>>,
    address: ClientAddress,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    server.limits.check(Limited::Requests, address)?;
    Ok(next.run(request).await)
}

/// Swagger UI, all of which is in the program: it works without the internet. The validator that it would ask is
/// somebody else's.
fn page() -> Router {
    let config = Config::from(OPENAPI_PATH).validator_url("none").use_base_layout();
    let router: Router = SwaggerUi::new(API_PAGE_PATH).config(config).into();
    router.layer(from_fn(secured))
}

async fn secured(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return HttpError::not_found().into_response();
    }
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The addresses that a router knows, which it tells only to who debugs it; less those of the fallback.
    fn addresses(router: &Router<Arc<Server>>) -> BTreeSet<String> {
        let text = format!("{router:?}");
        let quoted = text.split('"').filter(|part| part.starts_with('/'));
        quoted.filter(|path| *path != "/" && !path.contains("axum_fallback")).map(str::to_owned).collect()
    }

    #[test]
    fn every_address_of_the_api_is_in_the_document() {
        let (router, document) = calls().split_for_parts();
        let documented: BTreeSet<_> = document.paths.paths.into_keys().collect();
        let served = addresses(&router);
        assert!(served.contains(hubbub_protocol::http::GUESTS_PATH), "{served:?}");
        assert_eq!(served, documented);
    }

    #[test]
    fn an_address_that_is_not_in_the_document_would_be_noticed() {
        let (router, _) = calls().route("/api/v1/secret", get(async || "")).split_for_parts();
        assert!(addresses(&router).contains("/api/v1/secret"));
    }
}
