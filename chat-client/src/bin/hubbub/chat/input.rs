//! What a line of input means. Pure.

use hubbub_protocol::{MessageText, RoomName, UserName};

use crate::suggest::unknown_command;

const COMMANDS: [&str; 6] = ["/name", "/who", "/join", "/leave", "/help", "/quit"];

pub(super) const HELP: &str = "/name NAME  another name   /who  who is here   /join ROOM  into a room, and talk there   \
/leave  out of this room   /quit  ends   //text  sends a text that begins with /";

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    Say(MessageText),
    Name(UserName),
    Who,
    Join(RoomName),
    Leave,
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
        "/name" => UserName::parse(rest).map(Input::Name).map_err(|invalid| format!("the name {invalid}")),
        "/join" => {
            RoomName::parse(rest.trim()).map(Input::Join).map_err(|invalid| format!("the room {invalid}"))
        }
        "/who" => Ok(Input::Who),
        "/leave" => Ok(Input::Leave),
        "/help" => Ok(Input::Help),
        "/quit" => Ok(Input::Quit),
        other => Err(unknown_command(other, &COMMANDS)),
    }
}

fn say(text: &str) -> Result<Input, String> {
    MessageText::parse(text).map(Input::Say).map_err(|invalid| format!("the message {invalid}"))
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
    }

    #[test]
    fn a_mistake_is_answered_in_words() {
        assert_eq!(parse("/jion tea").unwrap_err(), "\"/jion\" is no command; did you mean \"/join\"?");
        assert_eq!(parse("/name").unwrap_err(), "the name is empty");
    }
}
