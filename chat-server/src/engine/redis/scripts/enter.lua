-- Notes a session of a user. Told of if it is the user's first one in the room, or the user has another name there.
--
-- KEYS  members, channel
-- ARGV  user, name, session, the lease of its server, 'again' if the name may be of old and counts only for a user
--       who is not there
local user, name, session, lease, again = unpack(ARGV)
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
