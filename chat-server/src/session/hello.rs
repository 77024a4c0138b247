//! The first frame of a session.

use std::sync::Arc;

use hubbub_protocol::{
    ClientFrame, CloseCode, DeviceId, ErrorCode, Limits, ResumeFrom, ServerFrame, User, UserId, UserName,
    limits::Limited,
};
use tokio::time::timeout;

use super::{
    conversation::Conversation,
    encode,
    outbox::Closing,
    reader::{Ended, Reader},
};
use crate::{
    engine::{EngineError, GuestOutcome},
    public::ClientAddress,
    server::Server,
    sessions::{Owner, Ticket},
};

/// Reads the first frame, and welcomes who said a valid hello. `Err(None)` means that the session was refused.
pub(super) async fn greet(
    server: &Arc<Server>,
    ticket: &Ticket,
    address: ClientAddress,
    reader: &mut Reader<'_>,
) -> Result<(Conversation, Vec<ResumeFrom>), Option<Ended>> {
    let line = ticket.line();
    let refuse = |error: ServerFrame, closing: Closing| {
        line.outbox.say(&error);
        line.outbox.close(closing);
        None
    };
    let Ok(first) = timeout(server.timing.hello, reader.next()).await else {
        let seconds = server.timing.hello.as_secs_f32();
        let error = encode::error(ErrorCode::HelloTimeout, format!("no hello within {seconds} s"), None);
        return Err(refuse(error, Closing::Code(CloseCode::HelloTimeout)));
    };
    let (token, resume) = match ClientFrame::parse(first.map_err(Some)?.as_str()) {
        Ok(ClientFrame::Hello { token, resume }) => (token, resume),
        Ok(_) => {
            let error = encode::error(ErrorCode::HelloFirst, "the first frame has to be hello", None);
            return Err(refuse(error, Closing::Code(CloseCode::BadHello)));
        }
        Err(rejection) => {
            return Err(refuse(encode::rejection(rejection), Closing::Code(CloseCode::BadHello)));
        }
    };
    if token.is_none()
        && let Err(too_fast) = server.limits.check(Limited::Guests, address)
    {
        return Err(refuse(encode::too_fast(&too_fast, None), Closing::TryAgainLater));
    }
    let (user, new_token) = match who(server, token).await {
        Ok(Some(known)) => known,
        Ok(None) => {
            let error = encode::error(ErrorCode::BadToken, CloseCode::BadToken.reason(), None);
            return Err(refuse(error, Closing::Code(CloseCode::BadToken)));
        }
        // Without an answer nobody can be let in; a client that comes back later keeps its place in its rooms.
        Err(failure) => return Err(refuse(encode::engine_error(&failure, None), Closing::TryAgainLater)),
    };
    // A guest has one token, and so one device.
    ticket.greet(Owner { user: user.id, device: DeviceId(user.id.0) });
    server.welcomed();
    line.outbox.say(&ServerFrame::Welcome {
        session: line.session,
        user: user.clone(),
        server: server.id.clone(),
        limits: Limits::CURRENT,
        token: new_token,
    });
    server.drain.send_away_late(line);
    Ok((Conversation::new(Arc::clone(server), line, address, user), resume))
}

/// Whose token it is; without a token a new guest, and its token. `None` for a token that is nobody's.
async fn who(server: &Server, token: Option<String>) -> Result<Option<(User, Option<String>)>, EngineError> {
    if let Some(token) = token {
        return Ok(server.engine.authenticate(&token).await?.map(|user| (user, None)));
    }
    let name = UserName::parse(&format!("Guest {}", fastrand::u16(1_000..10_000)))
        .map_err(|invalid| EngineError::Corrupt(invalid.to_string()))?;
    loop {
        let user = User { id: UserId::random(), name: name.clone() };
        if let GuestOutcome::Created(token) = server.engine.create_guest(&user).await? {
            return Ok(Some((user, Some(token))));
        }
    }
}
