-- Reads an event that is to be changed. Answers {1, epoch, offset, time} if the change is stored already, else
-- {0, epoch, entry or '', entry of the `edited` that has its text or ''}.
--
-- KEYS  meta, stream, id of the change
-- ARGV  fresh, seen epoch, seen offset, events kept, cutoff, lifetime, offset of the event
local fresh, seen_epoch, seen_offset, kept, cutoff, _, of = unpack(ARGV)
local name, epoch, latest, length = life(KEYS[1], KEYS[2], fresh, seen_epoch, seen_offset)
local known, time = stored(KEYS[3], name)
if known then
  return { 1, epoch, known, time }
end
local readable
length, readable = trim(KEYS[2], length, kept, cutoff)
local index = readable > 0 and index_of(of, latest, length)
return { 0, unpack(found(KEYS[2], epoch, index, latest, length)) }
