//! What a line of input means. Pure.

use hubbub_protocol::{Emoji, MessageText, RoomName, UserName};

use crate::suggest::unknown_command;

const COMMANDS: [&str; 15] = [
    "/name",
    "/who",
    "/join",
    "/leave",
    "/rooms",
    "/direct",
    "/invite",
    "/edit",
    "/delete",
    "/react",
    "/history",
    "/register",
    "/login",
    "/help",
    "/quit",
];

pub(super) const HELP: &str = "\
/name NAME  another name   /who  who is here   /join ROOM  into a room, and talk there   /leave  out of this room
/rooms  your rooms and the public ones   /direct NAME  talk to one person   /invite NAME  into this room
/edit TEXT  another text for your last message   /delete  takes it away   /react EMOJI  to the last message
/history  what was said before   /register EMAIL PASSWORD  become an account   /login EMAIL PASSWORD  be one
/quit  ends   //text  sends a text that begins with /";

/// What somebody logs in with. The server checks it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) email: String,
    pub(super) password: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    Say(MessageText),
    Name(UserName),
    Who,
    Join(RoomName),
    Leave,
    Rooms,
    Direct(UserName),
    Invite(UserName),
    /// The last message of one's own.
    Edit(MessageText),
    Delete,
    /// To the last message.
    React(Emoji),
    History,
    Register(Credentials),
    Login(Credentials),
    Help,
    Quit,
    Nothing,
}

/// Reads a line, or says what is wrong with it.
pub(super) fn parse(line: &str) -> Result<Input, String> {
    let line = line.trim_end();
    if let Some(escaped) = line.strip_prefix('/').filter(|rest| rest.starts_with('/')) {
        return say(escaped);
    }
    if !line.starts_with('/') {
        return if line.trim().is_empty() { Ok(Input::Nothing) } else { say(line) };
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match word {
        "/name" => name(rest).map(Input::Name),
        "/join" => {
            RoomName::parse(rest.trim()).map(Input::Join).map_err(|invalid| format!("the room {invalid}"))
        }
        "/who" => Ok(Input::Who),
        "/leave" => Ok(Input::Leave),
        "/rooms" => Ok(Input::Rooms),
        "/direct" => name(rest).map(Input::Direct),
        "/invite" => name(rest).map(Input::Invite),
        "/edit" => MessageText::parse(rest.trim())
            .map(Input::Edit)
            .map_err(|invalid| format!("the message {invalid}")),
        "/delete" => Ok(Input::Delete),
        "/react" => {
            Emoji::parse(rest.trim()).map(Input::React).map_err(|invalid| format!("the emoji {invalid}"))
        }
        "/history" => Ok(Input::History),
        "/register" => credentials(rest).map(Input::Register),
        "/login" => credentials(rest).map(Input::Login),
        "/help" => Ok(Input::Help),
        "/quit" => Ok(Input::Quit),
        other => Err(unknown_command(other, &COMMANDS)),
    }
}

fn say(text: &str) -> Result<Input, String> {
    MessageText::parse(text).map(Input::Say).map_err(|invalid| format!("the message {invalid}"))
}

fn name(text: &str) -> Result<UserName, String> {
    UserName::parse(text).map_err(|invalid| format!("the name {invalid}"))
}

fn credentials(text: &str) -> Result<Credentials, String> {
    let (email, password) = text.trim().split_once(char::is_whitespace).unwrap_or_default();
    if password.trim().is_empty() {
        return Err("write the e-mail address, then the password".to_owned());
    }
    Ok(Credentials { email: email.to_owned(), password: password.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_message_unless_it_begins_with_a_slash() {
        let say = |text: &str| Ok(Input::Say(MessageText::parse(text).unwrap()));
        assert_eq!(parse("  hello there "), say("  hello there"));
        assert_eq!(parse("//who"), say("/who"));
        assert_eq!(parse(" "), Ok(Input::Nothing));
        assert_eq!(parse("/who"), Ok(Input::Who));
        assert_eq!(parse("/name Ada Lovelace"), Ok(Input::Name(UserName::parse("Ada Lovelace").unwrap())));
        assert_eq!(parse("/join tea"), Ok(Input::Join(RoomName::parse("tea").unwrap())));
        assert_eq!(parse("/edit two words"), Ok(Input::Edit(MessageText::parse("two words").unwrap())));
        assert_eq!(parse("/react 👍"), Ok(Input::React(Emoji::parse("👍").unwrap())));
        let credentials = Credentials { email: "ada@example.org".into(), password: "correct horse".into() };
        assert_eq!(parse("/login ada@example.org correct horse"), Ok(Input::Login(credentials)));
    }

    #[test]
    fn a_mistake_is_answered_in_words() {
        assert_eq!(parse("/jion tea").unwrap_err(), "\"/jion\" is no command; did you mean \"/join\"?");
        assert_eq!(parse("/name").unwrap_err(), "the name is empty");
        let problem = "write the e-mail address, then the password";
        assert_eq!(parse("/register ada@example.org").unwrap_err(), problem);
    }
}
