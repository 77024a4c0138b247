-- Notes a session of a user. Told of if it is the user's first one in the room, or the user has another name there.
-- Answers 0 if the user may not be there.
--
-- KEYS  members, channel, roles
-- ARGV  user, name, session, the lease of its server, 'again' if the name may be of old and counts only for a user
--       who is not there, '1' for a room by invitation
local user, name, session, lease, again, closed = unpack(ARGV)
if not may(KEYS[3], user, closed) then
  return 0
end
if again ~= 'again' and role_of(KEYS[3], user) then
  -- The list of members shows the name of the last time that somebody was there.
  local entry = redis.call('HGET', KEYS[3], user)
  redis.call('HSET', KEYS[3], user, string.match(entry, '^[^\n]*\n') .. name)
end
local found = redis.call('HGET', KEYS[1], user)
local member = found and cjson.decode(found) or { sessions = {} }
local renamed = found and member.name ~= name and again ~= 'again'
if not found or renamed then
  member.name = name
end
member.sessions[session] = lease
redis.call('HSET', KEYS[1], user, cjson.encode(member))
if not found then
  local event = { joined = { { id = user, name = name } }, count = redis.call('HLEN', KEYS[1]) }
  redis.call('SPUBLISH', KEYS[2], 'presence\n' .. cjson.encode(event))
elseif renamed then
  redis.call('SPUBLISH', KEYS[2], 'renamed\n' .. cjson.encode({ id = user, name = name }))
end
return 1
