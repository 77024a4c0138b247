-- Ends a room for all, and tells everyone who is there. Answers {'none'}, {'denied'}, or {'ok', who had a role, ...}.
-- Who is there is taken out by the servers, which then forget them.
--
-- KEYS  meta, stream, channel, roles, settings
-- ARGV  who asks, '1' for a room by invitation
local by, closed = unpack(ARGV)
if not may(KEYS[4], by, closed) then
  return { 'none' }
elseif role_of(KEYS[4], by) ~= 'owner' then
  return { 'denied' }
end
local answer = { 'ok', unpack(redis.call('HKEYS', KEYS[4])) }
redis.call('DEL', KEYS[1], KEYS[2], KEYS[4], KEYS[5])
redis.call('SPUBLISH', KEYS[3], 'deleted\n')
return answer
