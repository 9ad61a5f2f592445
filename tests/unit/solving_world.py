"""Problems for solvers, and programs that behave ill in their place."""

import random
import sys
from pathlib import Path

import pulp

HARD_S = 3.0
"""A time limit that no solver keeps a hard problem within."""


def assignment(size: int, seed: int = 1, name: str = "assignment") -> pulp.LpProblem:
    """Workers to tasks at the least cost: quickly solved."""
    numbers = random.Random(seed)
    problem = pulp.LpProblem(name, pulp.LpMinimize)
    pairs = {
        (one, other): problem.add_variable(f"x_{one}_{other}", cat=pulp.LpBinary)
        for one in range(size)
        for other in range(size)
    }
    problem.setObjective(pulp.lpSum(numbers.randint(1, 99) * variable for variable in pairs.values()))
    for one in range(size):
        problem.addConstraint(pulp.lpSum(pairs[one, other] for other in range(size)) == 1)
        problem.addConstraint(pulp.lpSum(pairs[other, one] for other in range(size)) == 1)
    return problem


def knapsack() -> pulp.LpProblem:
    """The best of eight things; their worth is 17 + 1000: a, c and h are taken."""
    worth = {"a": 6, "b": 5, "c": 4, "d": 3, "e": 2, "f": 1, "g": 3, "h": 7}
    weight = {"a": 3, "b": 9, "c": 4, "d": 8, "e": 7, "f": 6, "g": 9, "h": 3}
    problem = pulp.LpProblem("knapsack", pulp.LpMaximize)
    taken = {name: problem.add_variable(name, cat=pulp.LpBinary) for name in worth}
    problem.setObjective(pulp.lpSum(worth[name] * taken[name] for name in worth) + 1000)
    problem.addConstraint(pulp.lpSum(weight[name] * taken[name] for name in worth) <= 10)
    return problem


def mixture(seed: int) -> pulp.LpProblem:
    """Whatever a problem may be made of, in small; integers have bounds that are none; never unbounded."""
    dice = random.Random(seed)
    problem = pulp.LpProblem("mixture", dice.choice([pulp.LpMinimize, pulp.LpMaximize]))
    variables = []
    for index in range(6):
        low, whole = dice.uniform(-9, 9), pulp.LpInteger if dice.random() < 0.6 else pulp.LpContinuous
        variables.append(problem.add_variable(f"v{index}", low, low + dice.uniform(1, 12), whole))
    costs = [dice.choice([0, dice.uniform(-5, 5)]) for _ in variables]
    problem.setObjective(
        pulp.LpAffineExpression(list(zip(variables, costs, strict=True)), dice.uniform(-9, 9))
    )
    for _ in range(4):
        chosen = dice.sample(variables, 3)
        row = pulp.LpAffineExpression([(variable, dice.uniform(-3, 3)) for variable in chosen])
        sense = dice.choice([pulp.LpConstraintLE, pulp.LpConstraintGE, pulp.LpConstraintEQ])
        middle = sum(number * (variable.lowBound + variable.upBound) / 2 for variable, number in row.items())
        problem.addConstraint(pulp.LpConstraint(row, sense, rhs=middle + dice.uniform(-4, 4)))
    return problem


def hard(rows: int = 60, size: int = 200) -> pulp.LpProblem:
    """Many knapsacks at once: solutions are found at once, the best one is proven in no reasonable time."""
    numbers = random.Random(1)
    problem = pulp.LpProblem("hard", pulp.LpMinimize)
    taken = [problem.add_variable(f"x{index}", cat=pulp.LpBinary) for index in range(size)]
    problem.setObjective(pulp.lpSum(-numbers.randint(10, 100) * variable for variable in taken))
    for _ in range(rows):
        weights = [numbers.randint(5, 60) for _ in taken]
        problem.addConstraint(
            pulp.lpSum(weight * variable for weight, variable in zip(weights, taken, strict=True))
            <= sum(weights) // 3
        )
    return problem


def hopeless() -> pulp.LpProblem:
    """A market split: neither a solution nor a proof that there is none is found in reasonable time."""
    numbers = random.Random(5)
    problem = pulp.LpProblem("hopeless", pulp.LpMinimize)
    taken = [problem.add_variable(f"x{index}", cat=pulp.LpBinary) for index in range(60)]
    problem.setObjective(pulp.lpSum(taken))
    for _ in range(7):
        weights = [numbers.randint(0, 99) for _ in taken]
        problem.addConstraint(
            pulp.lpSum(weight * variable for weight, variable in zip(weights, taken, strict=True))
            == sum(weights) // 2
        )
    return problem


def highs(body: str) -> list[str]:
    """The command of a process that has read a `request`, and then does what `body` says with it."""
    source = """
import dataclasses, os, signal, sys, time
import numpy as np
from placement.solving import child, messages
from placement.solving.messages import Answer, Failure, Incumbent
from placement.solving.outcomes import State
out = sys.stdout.buffer
while True:
    request = messages.receive(sys.stdin.buffer)
    program = request.program
    zeros = np.zeros(program.costs.size)
    def say(message):
        messages.send(out, message)
"""
    return [sys.executable, "-c", source + "".join(f"    {line}\n" for line in body.strip().splitlines())]


def cbc(folder: Path, body: str) -> list[str]:
    """The command of a program that is called as CBC is, and writes to the file $solution what it likes."""
    script = folder / "cbc"
    script.write_text(f"#!/bin/sh\nread -r _ solution\n{body}\n")
    script.chmod(0o755)
    return [str(script)]
