-- Put behind roles.lua, before every script that changes what a room is or who has a part in it.
--
-- KEYS  meta, stream, channel, roles, settings, members

-- Whether there is such a room for a user; `closed` is '1' for a room by invitation.
local function is_there(user, closed)
  return may(KEYS[4], user, closed) and redis.call('EXISTS', KEYS[2], KEYS[5], KEYS[6]) > 0
end

-- Ends the room for all. The servers take out who is there.
local function finish()
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[4], KEYS[5], KEYS[6])
  redis.call('SPUBLISH', KEYS[3], 'deleted\n')
end
