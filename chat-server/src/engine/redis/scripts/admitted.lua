-- Answers which of these users may be in a room: 1 or 0 for each.
--
-- KEYS  roles
-- ARGV  '1' for a room by invitation, the users
local answer = {}
for i = 2, #ARGV do
  answer[i - 1] = may(KEYS[1], ARGV[i], ARGV[1]) and 1 or 0
end
return answer
