-- Ends a room for all, and tells everyone who is there. Answers {'none'}, {'denied'}, or {'ok', who had a role, ...}.
--
-- KEYS  as charter.lua
-- ARGV  who asks, '1' for a room by invitation
local by, closed = unpack(ARGV)
if not is_there(by, closed) then
  return { 'none' }
elseif role_of(KEYS[4], by) ~= 'owner' then
  return { 'denied' }
end
local answer = { 'ok', unpack(redis.call('HKEYS', KEYS[4])) }
finish()
return answer
