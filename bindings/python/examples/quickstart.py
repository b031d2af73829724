import capsule

with capsule.Runtime() as runtime, runtime.open() as session:
    # To the end, collected.
    result = session.run("print('hello')\n6 * 7")
    print(result.stdout, end="")
    print(result.value)

    # Event by event, as they come.
    with session.execute("name = input('name? ')\nprint('hello', name)\n1 / 0", timeout_ms=5000) as execution:
        for event in execution:
            match event:
                case capsule.Output():
                    print(event.text, end="")
                case capsule.Input():
                    execution.answer(event, "Ada")
                case capsule.Error():
                    print(f"{event.error_type}: {event.message}")
