-- Why she stands on the list: drawn, reminder (the one and only second time), or after_closing (the offer is for all).
ALTER TABLE invitation ADD COLUMN basis VARCHAR DEFAULT 'drawn';
