DROP TABLE product_noted
