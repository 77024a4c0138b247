-- Notes a session of a user. Told of if it is the user's first one in the room.
--
-- KEYS  members, channel
-- ARGV  user, name, session, the lease of its server
local user, name, session, lease = unpack(ARGV)
local found = redis.call('HGET', KEYS[1], user)
local member = found and cjson.decode(found) or { sessions = {} }
member.name = name
member.sessions[session] = lease
redis.call('HSET', KEYS[1], user, cjson.encode(member))
if not found then
  local event = { joined = { { id = user, name = name } }, count = redis.call('HLEN', KEYS[1]) }
  redis.call('SPUBLISH', KEYS[2], 'presence\n' .. cjson.encode(event))
end
return 1
