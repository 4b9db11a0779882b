use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(sql(text).as_str(), expected, "{text}");
    assert_eq!(sql(expected).as_str(), expected, "again");
}

#[test]
fn literals() {
    check(
        "SELECT * FROM t WHERE a = 'it''s' AND b = 1.5e-3 AND c > -0x1f",
        "SELECT * FROM t WHERE a = ? AND b = ? AND c > -?",
    );
    check("SELECT N'x', E'y', _utf8'z', $1, :name, @p, %s, %(id)s, ?", "SELECT ?");
    check("SELECT $$ada's$$ || $t$ $$ $t$", "SELECT ? || ?");
    check(
        "SELECT a FROM t1 WHERE t1.b IS NULL LIMIT 10 OFFSET 20",
        "SELECT a FROM t1 WHERE t1.b IS NULL LIMIT ? OFFSET ?",
    );
}

#[test]
fn lists() {
    check("DELETE FROM t WHERE id IN (1,2, 'x' , NULL)", "DELETE FROM t WHERE id IN (? , NULL)");
    check(
        "INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y'),(3,'z') RETURNING id",
        "INSERT INTO t (a, b) VALUES (?) RETURNING id",
    );
}

#[test]
fn comments() {
    check(
        "SELECT 1 -- ada@example.org\nFROM t /* card 4111 */ WHERE a # b\n= 2",
        "SELECT ? FROM t WHERE a = ?",
    );
    check("SELECT a #>> '{b}' FROM t", "SELECT a #>> ? FROM t");
}

#[test]
fn quotation_marks_of_names_and_of_strings() {
    check(
        r#"SELECT "auth_user"."id", "auth_user"."email" FROM "auth_user" WHERE "auth_user"."email" = 'a' AND `b` = 1 AND [c] = 2"#,
        r#"SELECT "auth_user"."id", "auth_user"."email" FROM "auth_user" WHERE "auth_user"."email" = ? AND `b` = ? AND [c] = ?"#,
    );
    check(r#"INSERT INTO "t" ("a", "b") VALUES ("Ada", "Eva")"#, r#"INSERT INTO "t" ("a", "b") VALUES (?)"#);
    check(
        r#"SELECT * FROM t WHERE name = "Ada" OR name IN ("Eva")"#,
        "SELECT * FROM t WHERE name = ? OR name IN (?)",
    );
    check(r#"SELECT * FROM t WHERE name LIKE "Ada%""#, "SELECT * FROM t WHERE name LIKE ?");
}

#[test]
fn where_dialects_differ_nothing_is_shown() {
    check(r"SELECT 'a\' , 'secret'", "SELECT ?…");
    check(r"SELECT 'a\\' , b", "SELECT ? , b");
    check("SELECT 'secret", "SELECT ?…");
    check("SELECT 1--'\n, secret -- '", "SELECT ??…");
    check("SELECT /* /* */ secret */", "SELECT ?…");
    check("SELECT /*!50000 secret */", "SELECT ?…");
    check("SELECT $a$ secret", "SELECT ?…");
    check("SELECT \"secret", "SELECT ?…");
}

#[test]
fn names_that_are_persons_go() {
    check("SELECT * FROM user_4915112345678", "SELECT * FROM ?");
}

#[test]
fn it_is_bounded() {
    let long = sql(&format!("SELECT {}", "a,".repeat(1_000_000)));
    assert!(long.as_str().chars().count() <= SAID + 2, "{}", long.as_str().len());
    let list = sql(&format!("SELECT 1 WHERE a IN ({}1)", "1,".repeat(10_000)));
    assert_eq!(list.as_str(), "SELECT ? WHERE a IN (?)");
}
