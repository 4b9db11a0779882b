-- What operations cost by the entries of their responses, beside the estimate; counted apart, since not every response can be read.
ALTER TABLE rollup ADD COLUMN actual_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup ADD COLUMN actual_milli_sum INTEGER NOT NULL DEFAULT 0;
