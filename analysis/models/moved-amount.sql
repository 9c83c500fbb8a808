-- Amounts that policies pass on to receivers. Grain: split, amount. Reads: pool. Read by: moved_share.
SELECT split_id AS split_id, abs(billed) AS units FROM pool WHERE mode <> 'team' AND billed <> 0
UNION
SELECT split_id, abs(effective) FROM pool WHERE mode <> 'team' AND effective <> 0
UNION
SELECT split_id, abs(list) FROM pool WHERE mode <> 'team' AND list <> 0
UNION
SELECT split_id, abs(contracted) FROM pool WHERE mode <> 'team' AND contracted <> 0
