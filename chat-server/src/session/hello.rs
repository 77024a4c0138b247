//! The first frame of a session.

use std::{sync::Arc, time::SystemTime};

use hubbub_protocol::{
    ClientFrame, CloseCode, ErrorCode, Limits, ResumeFrom, ServerFrame, Timestamp, User, UserId, UserName,
    limits::{Limited, SESSIONS_PER_USER},
};
use tokio::time::timeout;

use super::{
    conversation::Conversation,
    encode,
    outbox::Closing,
    reader::{Ended, Reader},
    registered::Registered,
};
use crate::{
    engine::{Authenticated, EngineError, GuestOutcome, SessionRecord, accounts::LoggedIn},
    public::ClientAddress,
    reception::Turn,
    server::Server,
    sessions::{Owner, Ticket},
    tokens::TokenError,
};

/// Who was welcomed.
pub(super) struct Greeted<'server> {
    pub(super) conversation: Box<Conversation>,
    /// The rooms that the client was in.
    pub(super) resume: Vec<ResumeFrom>,
    /// Lasts until the client is in its rooms again.
    pub(super) turn: Turn<'server>,
}

/// Reads the first frame, and welcomes who said a valid hello when it is their turn. `Err(None)` means that the session
/// was refused.
pub(super) async fn greet<'server>(
    server: &'server Arc<Server>,
    ticket: &Ticket,
    address: ClientAddress,
    came_with: Option<String>,
    reader: &mut Reader<'_>,
) -> Result<Greeted<'server>, Option<Ended>> {
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
    let token = token.or(came_with);
    if token.is_none() && !server.login.takes_guests() {
        let message = "this server takes tokens of another login service, and there is none";
        let error = encode::error(ErrorCode::BadToken, message, None);
        return Err(refuse(error, Closing::Code(CloseCode::BadToken)));
    }
    if token.is_none()
        && let Err(too_fast) = server.limits.check(Limited::Guests, address)
    {
        return Err(refuse(encode::too_fast(&too_fast, None), Closing::TryAgainLater));
    }
    let Some(turn) = server.reception.turn().await else {
        let message = "more come at once than this server can greet; come back later";
        return Err(refuse(encode::error(ErrorCode::Busy, message, None), Closing::TryAgainLater));
    };
    let before = server.tokens.forgettings();
    let bad_token = || encode::error(ErrorCode::BadToken, CloseCode::BadToken.reason(), None);
    // Without an answer nobody can be let in; a client that comes back later keeps its place in its rooms.
    let no_answer = |failure: &TokenError| refuse(encode::token_error(failure), Closing::TryAgainLater);
    let Known { who, token, new } = match known(server, token).await {
        Ok(Some(known)) => known,
        Ok(None) => return Err(refuse(bad_token(), Closing::Code(CloseCode::BadToken))),
        Err(failure) => return Err(no_answer(&failure)),
    };
    let Authenticated { user, device, standing, expires } = who;
    let since = Timestamp::from(SystemTime::now());
    let record =
        SessionRecord { session: line.session, user: user.id, device, server: server.id.clone(), since };
    // Those of a server that died count until its lease has ended: the client may come back later.
    let Some(registered) = Registered::begin(server, record).await else {
        return Err(refuse(too_many_sessions(), Closing::TryAgainLater));
    };
    ticket.greet(Owner { user: user.id, device, token: token.clone(), expires });
    // From here on a logout finds the session. One that came in between is found here.
    if server.tokens.forgettings() != before {
        match server.tokens.authenticate(&token).await {
            Ok(Some(_)) => {}
            Ok(None) => return Err(refuse(bad_token(), Closing::Code(CloseCode::BadToken))),
            Err(failure) => return Err(no_answer(&failure)),
        }
    }
    server.welcomed();
    line.outbox.say(&ServerFrame::Welcome {
        session: line.session,
        user: user.clone(),
        server: server.id.clone(),
        limits: Limits::CURRENT,
        token: new.then_some(token),
    });
    server.drain.send_away_late(line);
    let conversation = Conversation::new(Arc::clone(server), line, registered, address, user, standing);
    let conversation = Box::new(conversation);
    Ok(Greeted { conversation, resume, turn })
}

fn too_many_sessions() -> ServerFrame {
    let message = format!("the user has {SESSIONS_PER_USER} sessions; no more are allowed");
    encode::error(ErrorCode::TooManySessions, message, None)
}

/// Someone who may speak.
struct Known {
    who: Authenticated,
    token: String,
    /// Whether the token was made just now, and is to be told.
    new: bool,
}

/// Whose token it is; without a token a new guest, and its token. `None` for a token that is nobody's.
async fn known(server: &Server, token: Option<String>) -> Result<Option<Known>, TokenError> {
    if let Some(token) = token {
        let who = server.tokens.authenticate(&token).await?;
        return Ok(who.map(|who| Known { who, token, new: false }));
    }
    let name = UserName::parse(&format!("Guest {}", fastrand::u16(1_000..10_000)))
        .map_err(|invalid| EngineError::Corrupt(invalid.to_string()))?;
    loop {
        let user = User { id: UserId::random(), name: name.clone() };
        if let GuestOutcome::Created(LoggedIn { token, who, .. }) = server.engine.create_guest(&user).await? {
            return Ok(Some(Known { who, token, new: true }));
        }
    }
}
