-- Counts ask each case for its last message, and each complaint for its first
-- answer: both from the index alone.

CREATE INDEX members_by_case_and_time ON members (case_id, boundary_at);
DROP INDEX members_by_case;

CREATE INDEX answers_by_complaint_and_kind ON answers (complaint_id, kind, at);
DROP INDEX answers_by_complaint;
