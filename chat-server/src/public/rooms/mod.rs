//! The calls about rooms and what is said there.

pub(super) mod about;
pub(super) mod lists;
pub(super) mod members;
pub(super) mod messages;

use axum::{extract::rejection::QueryRejection, http::StatusCode};
use hubbub_protocol::{ErrorCode, InvalidText, RoomName, RoomTitle, Topic};

use crate::problem::HttpError;

fn bad(code: ErrorCode, detail: impl Into<String>) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, code, detail)
}

fn room_name(text: &str) -> Result<RoomName, HttpError> {
    RoomName::parse(text).map_err(|invalid| bad(ErrorCode::of_room(invalid), format!("room {invalid}")))
}

fn title(text: Option<&str>) -> Result<Option<RoomTitle>, HttpError> {
    let wrong = |invalid: InvalidText| bad(ErrorCode::BadTitle, format!("title {invalid}"));
    text.map(RoomTitle::parse).transpose().map_err(wrong)
}

fn topic(text: Option<&str>) -> Result<Option<Topic>, HttpError> {
    let wrong = |invalid: InvalidText| bad(ErrorCode::BadTopic, format!("topic {invalid}"));
    text.map(Topic::parse).transpose().map_err(wrong)
}

fn bad_query(rejection: &QueryRejection) -> HttpError {
    bad(ErrorCode::BadField, rejection.body_text())
}

/// At most `most`; as many when nothing is said.
fn limit(wanted: Option<usize>, usual: usize, most: usize) -> Result<usize, HttpError> {
    match wanted.unwrap_or(usual) {
        wanted if (1..=most).contains(&wanted) => Ok(wanted),
        wanted => Err(bad(ErrorCode::BadField, format!("limit is {wanted}; 1 to {most} are allowed"))),
    }
}
