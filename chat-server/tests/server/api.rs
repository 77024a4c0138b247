//! The document of the HTTP API, and the page that shows it.

use hubbub_protocol::http::{API_PAGE_PATH, GUESTS_PATH, OPENAPI_PATH};
use serde_json::Value;

use crate::support::{TestServer, request};

/// All references of a document.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(values) => values.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn the_api_describes_itself() {
    let server = TestServer::default().await;
    let document = server.get(OPENAPI_PATH).await.json();
    assert_eq!(document["info"]["title"], "Hubbub");
    let create = &document["paths"][GUESTS_PATH]["post"];
    let asked = &create["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(asked, "#/components/schemas/GuestRequest");
    let problem = &create["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
    assert_eq!(problem, "#/components/schemas/Problem");
    let references = references(&document);
    assert!(references.contains(&"#/components/schemas/GuestCreated"), "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    assert_eq!(document["components"]["schemas"]["UserName"]["maxLength"], 40);
}

#[tokio::test]
async fn every_call_of_the_document_is_there() {
    let server = TestServer::default().await;
    let document = server.get(OPENAPI_PATH).await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let answer =
                request(server.ports.public, &method.to_uppercase(), &path.replace(['{', '}'], ""), &[], "")
                    .await;
            let is_there = answer.status != 405 && !answer.body.contains("nothing at this address");
            assert!(is_there, "{method} {path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn the_page_of_the_api_comes_whole_from_the_server() {
    let server = TestServer::default().await;
    let moved = server.get(API_PAGE_PATH).await;
    let folder = format!("{API_PAGE_PATH}/");
    assert_eq!((moved.status, moved.header("location")), (303, Some(&*folder)));
    let page = server.get(&folder).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("://"), "a host beside its own: {policy}");
    let parts: Vec<_> = ["src=\"", "href=\""]
        .into_iter()
        .flat_map(|attribute| page.body.split(attribute).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(parts.len() >= 5, "{parts:?}");
    for part in parts {
        assert!(!part.contains("//"), "{part} is somebody else's");
        let part = format!("{folder}{}", part.trim_start_matches("./"));
        let status = request(server.ports.public, "HEAD", &part, &[], "").await.status;
        assert_eq!(status, 200, "{part}");
    }
    let start = server.get(&format!("{folder}swagger-initializer.js")).await.body;
    assert!(start.contains(OPENAPI_PATH) && !start.contains("://"), "{start}");
    assert_eq!(server.get(&format!("{folder}nothing")).await.problem(), "notFound");
}
