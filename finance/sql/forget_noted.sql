DROP TABLE finance_noted
