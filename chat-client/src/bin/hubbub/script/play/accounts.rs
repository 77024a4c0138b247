//! Logins, devices and names.

use std::{collections::BTreeMap, io::Write, sync::Arc};

use chat_client::{Api, Client, Event, Identity, Loss};
use hubbub_protocol::{
    UserName,
    http::{LoginRequest, RegisterRequest, SessionCreated},
};
use tokio::time::Instant;

use super::{
    super::command::{Credentials, Logout},
    Actor, Stage, Stop,
};
use crate::failure::Failure;

impl<W: Write> Stage<W> {
    pub(super) async fn login_as_guest(&mut self, name: &UserName) -> Result<(), Stop> {
        self.enter(name, Identity::guest_named(name.clone()), None);
        self.answer("a welcome", |event, me| match event {
            Event::Connected { user, .. } if user.name == *name => Some(Ok(())),
            Event::Renamed { user, name: now } if me == Some(*user) && now == name => Some(Ok(())),
            other => unreachable_loss(other).map(Err),
        })
        .await??;
        let client = &self.speaker().client;
        let (token, user) = (client.token().map(str::to_owned), client.user().map(|user| user.id));
        if let (Some(token), Some(user)) = (token, user) {
            self.speaker_mut().api = self.speaker().api.with_token(token);
            self.people.insert(name.clone(), user);
        }
        Ok(())
    }

    pub(super) async fn login(&mut self, name: &UserName, credentials: &Credentials) -> Result<(), Stop> {
        self.is_free(name)?;
        let request = LoginRequest {
            email: credentials.email.clone(),
            password: credentials.password.clone(),
            device: Some(name.to_string()),
        };
        let result = Api::new(Arc::clone(&self.endpoint)).log_in(&request).await;
        let Some(session) = self.answered(result)? else { return Ok(()) };
        self.account(name, session, credentials).await
    }

    pub(super) async fn register(&mut self, name: &UserName, credentials: &Credentials) -> Result<(), Stop> {
        self.is_free(name)?;
        let request = registration(Some(name), name, credentials);
        let result = Api::new(Arc::clone(&self.endpoint)).register(&request).await;
        let Some(session) = self.answered(result)? else { return Ok(()) };
        self.account(name, session, credentials).await
    }

    /// The guest's client goes on with the token of the account: it is the same user.
    pub(super) async fn upgrade(&mut self, credentials: &Credentials) -> Result<(), Stop> {
        let name = self.speaker().name.clone();
        let result = self.speaker().api.register(&registration(None, &name, credentials)).await;
        let Some(session) = self.answered(result)? else { return Ok(()) };
        let same = self.people.get(&name) == Some(&session.user.id);
        if !same {
            return Err(Stop::Unmet(format!("the account of {name} is another user than the guest")));
        }
        self.speaker_mut().closed = true;
        self.account(&name, session, credentials).await
    }

    async fn account(
        &mut self,
        name: &UserName,
        session: SessionCreated,
        credentials: &Credentials,
    ) -> Result<(), Stop> {
        let SessionCreated { user, token, .. } = session;
        self.enter(name, Identity::account(token.clone()), Some(credentials.clone()));
        self.speaker_mut().api = self.speaker().api.with_token(token);
        self.answer("a welcome", |event, _| match event {
            Event::Connected { .. } => Some(Ok(())),
            other => unreachable_loss(other).map(Err),
        })
        .await??;
        self.people.insert(name.clone(), user.id);
        self.say(format!("logged in as {}", user.name))
    }

    /// A new client, who speaks from now on.
    fn enter(&mut self, name: &UserName, identity: Identity, credentials: Option<Credentials>) {
        let client = Client::new(Arc::clone(&self.endpoint), identity);
        self.actors.push(Actor {
            name: name.clone(),
            client,
            api: Api::new(Arc::clone(&self.endpoint)),
            credentials,
            rooms: BTreeMap::new(),
            closed: false,
        });
        self.speaker = self.actors.len() - 1;
    }

    /// Whether nobody has that login now.
    fn is_free(&self, name: &UserName) -> Result<(), Stop> {
        if self.actors.iter().any(|actor| actor.name == *name && !actor.closed) {
            return Err(Stop::Unmet(format!("{name} is logged in already")));
        }
        Ok(())
    }

    pub(super) fn turn_to(&mut self, name: &UserName) -> Result<(), Stop> {
        let latest = self.actors.iter().rposition(|actor| actor.name == *name);
        self.speaker = latest.ok_or_else(|| Stop::Unmet(format!("{name} is not logged in")))?;
        Ok(())
    }

    pub(super) async fn logout(&mut self, which: &Logout) -> Result<(), Stop> {
        let api = &self.speaker().api;
        let result = match which {
            Logout::This => api.log_out().await,
            Logout::Others => api.log_out_all(true).await,
            Logout::All => api.log_out_all(false).await,
            Logout::Device(name) => match api.devices().await {
                Ok(list) => {
                    let device = list.devices.iter().find(|device| device.name.as_str() == name.as_str());
                    let Some(device) = device else { return self.say(format!("no device {name}")) };
                    api.log_out_device(device.id).await
                }
                Err(error) => Err(error),
            },
        };
        if self.answered(result)?.is_some() {
            self.say("logged out")?;
        }
        Ok(())
    }

    pub(super) async fn closed(&mut self) -> Result<(), Stop> {
        let deadline = Instant::now() + self.timeout;
        while !self.speaker().closed {
            let event = tokio::time::timeout_at(deadline, self.listen()).await;
            event.map_err(|_| self.late("end of the session"))??;
        }
        self.say("closed")
    }

    pub(super) async fn password(&mut self, new: &str) -> Result<(), Stop> {
        let old = self.speaker().credentials.as_ref().map(|it| it.password.clone()).unwrap_or_default();
        let result = self.speaker().api.change_password(&old, new).await;
        if self.answered(result)?.is_some() {
            if let Some(credentials) = &mut self.speaker_mut().credentials {
                new.clone_into(&mut credentials.password);
            }
            self.say("changed")?;
        }
        Ok(())
    }

    pub(super) async fn devices(&mut self) -> Result<(), Stop> {
        let result = self.speaker().api.devices().await;
        let Some(list) = self.answered(result)? else { return Ok(()) };
        let mut lines: Vec<String> = list
            .devices
            .iter()
            .map(|device| format!("{}{}", device.name, if device.current { " (this one)" } else { "" }))
            .collect();
        lines.sort_unstable();
        lines.into_iter().try_for_each(|line| self.say(line))
    }

    pub(super) async fn delete_account(&mut self) -> Result<(), Stop> {
        let password = self.speaker().credentials.as_ref().map(|it| it.password.clone());
        let result = self.speaker().api.delete_account(password.as_deref()).await;
        if self.answered(result)?.is_some() {
            self.say("deleted")?;
        }
        Ok(())
    }

    pub(super) async fn rename(&mut self, name: &UserName) -> Result<(), Stop> {
        self.speaker_mut().client.rename(name.clone());
        self.answer("the new name", |event, me| match event {
            Event::Renamed { user, name: now } if me == Some(*user) && now == name => Some(()),
            _ => None,
        })
        .await?;
        self.say(format!("renamed to {name}"))
    }
}

fn registration(name: Option<&UserName>, device: &UserName, credentials: &Credentials) -> RegisterRequest {
    RegisterRequest {
        email: credentials.email.clone(),
        password: credentials.password.clone(),
        name: name.map(ToString::to_string),
        device: Some(device.to_string()),
    }
}

/// A server that is not there is no matter of waiting.
fn unreachable_loss(event: &Event) -> Option<Stop> {
    match event {
        Event::Disconnected { loss: loss @ Loss::Unreachable(_), .. } => {
            Some(Stop::Failure(Failure::Unreachable(loss.clone())))
        }
        _ => None,
    }
}
